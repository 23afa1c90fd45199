import type { IconNode } from "lucide";
import { h } from "preact";

export function Icon({ of, size = 18 }: { of: IconNode; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {of.map(([name, attributes]) => h(name, attributes as never))}
    </svg>
  );
}

interface Named { of: IconNode; name: string; onClick?: (event: MouseEvent) => void; disabled?: boolean; pressed?: boolean; id?: string; kind?: string }

/** A button with an icon alone: its name is said, and shown to whoever points at it. */
export function IconButton({ of, name, onClick, disabled, pressed, id, kind }: Named) {
  return (
    <button type="button" class={`icon ${kind ?? ""}`} data-do={id} aria-label={name} title={name} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <Icon of={of} />
    </button>
  );
}
