// What all parts of the page share: the chat, the words, and the way to tell the page's script something.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Store } from "./store";
import type { Tell } from "./telling";
import type { Data } from "./types";

export interface Surface { store: Store; data: Data; words: Record<string, string>; tell: Tell }

export const SurfaceContext = createContext<Surface | null>(null);

export function useSurface(): Surface {
  return useContext(SurfaceContext)!;
}
