// The cursor comes back to a part of the page that was taken away and drawn anew: Streamlit does so with what a run
// that was cut short had not come to.
const SOON = 3000; // milliseconds
const LATEST = 20_000; // milliseconds

let left: { part: string; name: string; value: string; at: number } | null = null;

/** Notes which field of a part has the cursor, before the part goes. */
export function leave(place: HTMLElement, part: string): void {
  const one = document.activeElement;
  if (!(one instanceof HTMLElement) || !place.contains(one) || !one.dataset.do) return;
  left = { part, name: one.dataset.do, value: one instanceof HTMLInputElement ? one.value : "", at: performance.now() };
}

/** Gives the cursor back, and what was typed, unless somebody has gone on elsewhere. */
export function comeBack(place: HTMLElement, part: string): void {
  if (left?.part !== part || performance.now() - left.at > SOON) return;
  const { name, value } = left;
  left = null;
  const other = document.activeElement;
  if (other && other !== document.body && !other.matches("[data-testid=composer]")) return;
  const one = place.querySelector<HTMLElement>(`[data-do="${CSS.escape(name)}"]`);
  if (one instanceof HTMLInputElement && value) {
    one.value = value;
    one.dispatchEvent(new Event("input", { bubbles: true }));
  }
  one?.focus({ preventScroll: true });
}

/** Keeps the cursor in a field for a moment, where what is drawn anew would take it away. */
export function hold(find: () => HTMLElement | null): void {
  const latest = performance.now() + LATEST;
  let end = performance.now() + SOON;
  let over = false;
  const stop = (event: Event) => {
    over ||= !(event instanceof KeyboardEvent) || event.key.length > 1 || event.ctrlKey || event.metaKey;
  };
  const look = () => {
    const now = performance.now();
    // As long as the page's script runs it may draw something anew.
    if (document.querySelector("[data-testid=stApp][data-test-script-state=running]")) end = Math.min(latest, now + SOON);
    if (over || now > end) {
      removeEventListener("pointerdown", stop, true);
      removeEventListener("keydown", stop, true);
      return;
    }
    const one = document.activeElement;
    if (!one || one === document.body || one.matches("[data-testid=composer]")) find()?.focus({ preventScroll: true });
    requestAnimationFrame(look);
  };
  // Whoever does something else has gone on.
  addEventListener("pointerdown", stop, true);
  addEventListener("keydown", stop, true);
  requestAnimationFrame(look);
}
