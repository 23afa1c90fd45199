// What a part of the page tells the page's script: each event again and again until it was heard, since of two clicks
// in one run of the script Streamlit keeps one.

export type Tell = (event: Record<string, unknown>) => number;
type Told = Record<string, unknown> & { n: number };

const AGAIN = 400; // milliseconds
let number = Date.now() * 1000;

export class Outbox {
  heard = 0; // the number of the last event that the script has heard
  private waiting: Told[] = [];
  private send: (events: Told[]) => void = () => undefined;

  readonly tell: Tell = (event) => {
    this.waiting = [...this.waiting, { ...event, n: ++number }];
    this.send(this.waiting);
    return number;
  };

  /** Takes the way to the script, and how far it has heard. */
  take(send: (events: Told[]) => void, heard: number): void {
    this.send = send;
    this.heard = heard;
    this.waiting = this.waiting.filter((event) => event.n > heard);
    if (this.waiting.length) setTimeout(() => { if (this.waiting.length) this.send(this.waiting); }, AGAIN);
  }

  get pending(): boolean {
    return this.waiting.length > 0;
  }
}

const outboxes = new Map<string, Outbox>();

export function outbox(part: string): Outbox {
  const known = outboxes.get(part) ?? new Outbox();
  outboxes.set(part, known);
  return known;
}

/** Whether something that was told may not have been heard yet. */
export function unheard(): boolean {
  return [...outboxes.values()].some((one) => one.pending);
}
