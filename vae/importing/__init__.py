"""What strangers send, read where it can do no harm."""
