// Looks at a rendered page: what overlaps, what is cut off, what each card says. The answer is JSON in #seen.
const wrong = [];
const name = (node) => node.textContent.trim().slice(0, 40) || node.tagName + "." + node.getAttribute("class");
const box = (node) => node.getBoundingClientRect();
const apart = (a, b) => a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;
const within = (a, b) => a.left >= b.left - 0.5 && a.right <= b.right + 0.5 && a.top >= b.top - 0.5 && a.bottom <= b.bottom + 0.5;
const pairs = (nodes, what) => nodes.forEach((one, at) => nodes.slice(at + 1).forEach((two) => {
  if (!apart(box(one), box(two))) wrong.push(`${what}: ${name(one)} / ${name(two)}`);
}));
const light = (colour) => {
  const [r, g, b] = colour.match(/[\d.]+/g).map(Number).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, two) => {
  const [low, high] = [light(one), light(two)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const list = (selector, from = document) => [...from.querySelectorAll(selector)];
const ground = getComputedStyle(document.querySelector("section") ?? document.body).backgroundColor;
for (const svg of list(".wide > svg, .wide svg")) {
  const texts = list("text", svg);
  pairs(texts, "texts overlap");
  pairs([...list(".card > .box", svg), ...list(".pill", svg)], "boxes overlap");
  for (const text of texts) {
    if (!within(box(text), box(svg))) wrong.push(`cut off: ${name(text)}`);
    if (box(text).width < 1) wrong.push(`not seen: ${name(text)}`);
    const frame = text.parentNode.querySelector(":scope > .box, :scope > .pill");
    if (frame && !within(box(text), box(frame))) wrong.push(`leaves its box: ${name(text)}`);
    const ratio = contrast(getComputedStyle(text).fill, frame ? getComputedStyle(frame).fill : ground);
    if (ratio < 4.5) wrong.push(`hard to read (${ratio.toFixed(1)}): ${name(text)}`);
  }
}
for (const node of list("h1, h2, p, td, th, span")) {
  if (contrast(getComputedStyle(node).color, ground) < 4.5) wrong.push(`hard to read: ${name(node)}`);
  if (box(node).right > innerWidth) wrong.push(`runs out of the page: ${name(node)}`);
}
if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page is wider than the window");
const cards = list(".card[data-state]").map((card) => {
  const frame = getComputedStyle(card.querySelector(".box"));
  return [card.querySelector(".name").textContent, card.dataset.state, card.querySelector(".state").textContent, frame.stroke];
});
const seen = {
  wrong,
  cards,
  pills: list(".label text").map((text) => text.textContent),
  headings: list("h1, h2").map((node) => node.textContent),
  cells: list(".wide g[data-state]:not(.card)").map((cell) => cell.dataset.state),
  foreign: list("script, img, link, iframe, object, style").length,
  loaded: performance.getEntriesByType("resource").length,
  ground,
};
const answer = document.createElement("pre");
answer.id = "seen";
answer.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(seen))));
document.body.append(answer);
