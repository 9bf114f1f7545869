// Picks the adapter of the runtime that this program runs on, and loads only that one. Bun and Deno
// both imitate Node, so they are asked first. What reads the clock is loaded with this, before a
// test can put a fake one in its place.

import "./event_loop.ts";
import type { Runtime } from "./ports.ts";

/** The runtime at hand. */
export async function detectRuntime(): Promise<Runtime> {
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunRuntime();
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoRuntime();
  return (await import("./node.ts")).nodeRuntime();
}
