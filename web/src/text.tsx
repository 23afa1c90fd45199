import { useLayoutEffect, useRef } from "preact/hooks";
import { Growing } from "./growing";
import type { Message } from "./types";

const drawnTexts = new WeakMap<HTMLElement, Growing>();

/** Text of a model, whole or while it comes. What has come between two frames is drawn at once. */
export function GrowingText({ of, field, over }: { of: Message; field: "text" | "thinking"; over: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const root = place.current!;
    const whole = of[field] ?? "";
    let growing = drawnTexts.get(root);
    if (!growing || !whole.startsWith(growing.text) || (of.deep && over)) {
      root.replaceChildren();
      growing = new Growing(root, Boolean(of.deep && over));
      drawnTexts.set(root, growing);
    }
    const drawn = growing;
    if (whole.length > drawn.text.length) drawn.append(whole.slice(drawn.text.length));
    if (over) {
      drawn.end();
      return;
    }
    let waiting = "";
    let due = 0;
    const flush = () => {
      due = 0;
      const text = waiting;
      waiting = "";
      if (text) drawn.append(text);
    };
    of.grow ??= {};
    of.grow[field] = (text) => {
      waiting += text;
      // Out of sight there are no frames.
      due ||= document.hidden ? window.setTimeout(flush, 100) : requestAnimationFrame(flush);
    };
    return () => {
      if (of.grow) delete of.grow[field];
      cancelAnimationFrame(due);
      clearTimeout(due);
      flush();
    };
  }, [of, of.id, of.epoch, over, over ? of.raw : ""]);
  return <div class="markdown" ref={place} />;
}

/** Text that does not grow. */
export function WholeText({ text, deep }: { text: string; deep?: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const root = place.current!;
    root.replaceChildren();
    const growing = new Growing(root, deep);
    growing.append(text);
    growing.end();
  }, [text, deep]);
  return <div class="markdown" ref={place} />;
}

/** What a person typed, letter for letter; only its code fences are read as Markdown. */
export function Typed({ text }: { text: string }) {
  const pieces = text.split(/^((?:```|~~~)[^\n]*\n[\s\S]*?(?:\n(?:```|~~~)[ \t]*$|$(?![\s\S])))/m);
  return (
    <div class="typed">
      {pieces.map((piece, place) => {
        if (place % 2) return <WholeText key={place} text={piece} />;
        const words = piece.replace(/^\n|\n$/g, "");
        return words && <p key={place}>{words}</p>;
      })}
    </div>
  );
}
