// The page's address restores its view. It changes without a step in the browser's history.

export function isInAddress(parameter) {
  return new URL(location.href).searchParams.has(parameter);
}

export function readAddress(parameter) {
  return new URL(location.href).searchParams.get(parameter) ?? "";
}

export function keepInAddress(parameter, value) {
  const address = new URL(location.href);
  address.searchParams.set(parameter, value);
  // Commas may stand as they are, and a person can then read the numbers.
  address.search = address.search.replaceAll("%2C", ",");
  history.replaceState(history.state, "", address);
}

export function dropFromAddress(...parameters) {
  const address = new URL(location.href);
  if (!parameters.some((parameter) => address.searchParams.has(parameter))) return;
  for (const parameter of parameters) address.searchParams.delete(parameter);
  history.replaceState(history.state, "", address);
}
