// Files that the visitor takes along.

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function downloadText(text, name, type) {
  download(new Blob([text], { type }), name);
}

export function downloadPng(canvas, name) {
  canvas.toBlob((blob) => download(blob, `${name}.png`), "image/png");
}
