// Loaded with the first formula. MathML: it needs no fonts, and screen readers know it.
import katex from "katex";

/** Letters of a formula that is drawn: a matrix of 100,000 cells takes a browser a minute. */
const LONGEST = 10_000;

/** Milliseconds of drawing in one go: of thousands of formulas, none holds up the page. */
const TURN = 12;

const waiting: HTMLElement[] = [];

export function draw(place: HTMLElement): void {
  if (waiting.push(place) === 1) turn();
}

function turn(): void {
  const until = performance.now() + TURN;
  while (waiting.length && performance.now() < until) {
    render(waiting[0]!);
    waiting.shift();
  }
  if (waiting.length) setTimeout(turn);
}

function render(place: HTMLElement): void {
  const { tex = "", block } = place.dataset;
  try {
    if (tex.length > LONGEST) throw new RangeError("too long");
    katex.render(tex, place, {
      displayMode: block !== undefined,
      output: "mathml",
      throwOnError: false,
      trust: false,
      maxExpand: 200,
      maxSize: 20,
    });
  } catch {
    // Too long, or nested deeper than the stack: as it was written.
    place.textContent = tex;
  }
}
