// Taking the point along: a link, the numbers, the Python that draws the same picture.

const SAID_MS = 1600;

export async function copy(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages without TLS have no clipboard; the text is then there to be taken by hand.
    window.prompt(before, text);
    return;
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = before), SAID_MS);
}

export function saveText(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
