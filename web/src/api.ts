// Requests to this server, with the ticket that the page's script gave.
import { useRef } from "preact/hooks";
import type { Tell } from "./telling";

export interface Known { home: string; ticket: string; language: string }

export class Api {
  private fresh: (() => void) | null = null;

  constructor(public known: Known, public tell: Tell) {}

  /** Takes what the page's script gives now. */
  take(known: Known, tell: Tell): void {
    const renewed = known.ticket !== this.known.ticket;
    this.known = known;
    this.tell = tell;
    if (renewed) this.fresh?.();
  }

  async request(path: string, init: RequestInit): Promise<Response> {
    const ask = () =>
      fetch(`${this.known.home}/${path}`, {
        ...init,
        headers: { "x-diglot-ticket": this.known.ticket, "x-diglot-language": this.known.language, "content-type": "application/json" },
      });
    const answer = await ask();
    if (answer.status !== 401) return answer;
    // The ticket was good for some minutes: the page's script gives a new one.
    await new Promise<void>((resolve) => {
      this.fresh = resolve;
      setTimeout(resolve, 10_000);
      this.tell({ kind: "ticket" });
    });
    this.fresh = null;
    return ask();
  }
}

/** Gives a component its requests, with what the page's script gave last. */
export function useApi(known: Known, tell: Tell): Api {
  const api = useRef<Api | null>(null);
  api.current ??= new Api(known, tell);
  api.current.take(known, tell);
  return api.current;
}
