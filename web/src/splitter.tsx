// The edge between the chat and the wire beside it: dragged, or moved with the arrows; where it stands is kept.
import { useLayoutEffect, useState } from "preact/hooks";
import { useSurface } from "./surface";

const KEPT = "diglot.wire";
const LEAST = 25; // percent of the page that the wire takes
const MOST = 70;
const USUAL = 45;
const STEP = 3;

export function Splitter() {
  const { words } = useSurface();
  const [share, setShare] = useState(kept);
  useLayoutEffect(() => {
    document.documentElement.style.setProperty("--wire", `${share}%`);
    try {
      localStorage.setItem(KEPT, String(share));
    } catch {
      // A browser that keeps nothing has the usual width each time.
    }
  }, [share]);
  const drag = (event: PointerEvent) => {
    const edge = event.currentTarget as HTMLElement;
    if (!edge.hasPointerCapture(event.pointerId)) return;
    const { right, width } = edge.closest("[data-testid=stHorizontalBlock]")!.getBoundingClientRect();
    setShare(within((100 * (right - event.clientX)) / width));
  };
  const keys = (event: KeyboardEvent) => {
    const to = { ArrowLeft: share + STEP, ArrowRight: share - STEP, Home: MOST, End: LEAST }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setShare(within(to));
  };
  return (
    <div
      class="splitter" role="separator" tabIndex={0} aria-orientation="vertical" aria-label={words["chat.wire_width"]} title={words["chat.wire_width"]}
      aria-valuemin={LEAST} aria-valuemax={MOST} aria-valuenow={share}
      onPointerDown={(event) => { (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId); event.preventDefault(); }}
      onPointerMove={drag} onKeyDown={keys} onDblClick={() => setShare(USUAL)}
    />
  );
}

function within(share: number): number {
  return Math.round(Math.min(MOST, Math.max(LEAST, share)));
}

function kept(): number {
  try {
    return within(Number(localStorage.getItem(KEPT)) || USUAL);
  } catch {
    return USUAL;
  }
}
