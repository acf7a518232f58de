"""Everything that imports Streamlit: the pages' frame, their inputs and what they draw."""
