/** The frame of every page, and which page an address means. */
import type { ComponentType } from "preact";
import { later } from "../../lib/later";
import { path } from "../../lib/router";
import { Banners } from "./banners";
import { Header } from "./header";
import { Overlays } from "./keys";
import { Missing } from "./missing";
import { TokenPrompt } from "./token";

/** Pages come as chunks of their own; the fleet needs no chart library. */
const PAGES: Readonly<Record<string, ComponentType>> = {
  "/": later(() => import("../fleet/fleet")),
  "/jvm": later(() => import("../jvm/jvm")),
  "/class": later(() => import("../class/class")),
  "/status": later(() => import("../status/status")),
};

export function App() {
  const Page = PAGES[path.value] ?? Missing;
  return (
    <>
      <a class="skip" href="#main">Skip to content</a>
      <Header />
      <Banners />
      <main id="main" tabIndex={0} aria-label="Page">
        <Page key={path.value} />
      </main>
      <Overlays />
      <TokenPrompt />
    </>
  );
}
