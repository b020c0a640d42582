/** Which states of a leak are open; alone here because every page loads it. */
import type { Leak } from "../api/types";

export const isOpen = (leak: Pick<Leak, "state">): boolean => leak.state === "suspect" || leak.state === "confirmed";
