/** The frame of every page, and which page an address means. */
import type { ComponentType } from "preact";
import { signInWays, tokenPrompted } from "../../api/session";
import { later } from "../../lib/later";
import { path } from "../../lib/router";
import { Banners } from "./banners";
import { Header } from "./header";
import { Overlays } from "./keys";
import { Missing } from "./missing";
import { moved } from "./moved";

/** Pages come as chunks of their own; the fleet needs no chart library. */
const PAGES: Readonly<Record<string, ComponentType>> = {
  "/": later(() => import("../fleet/fleet")),
  "/jvm": later(() => import("../jvm/jvm")),
  "/leaks": later(() => import("../leaks/leaks")),
  "/verify": later(() => import("../verify/verify")),
  "/class": later(() => import("../class/class")),
  "/explore": later(() => import("../explore/explore")),
  "/logs": later(() => import("../logs/logs")),
  "/dashboards": later(() => import("../dashboards/list")),
  "/doors": later(() => import("../doors/doors")),
  "/status": moved("/doors"),
  "/audit": later(() => import("../audit/audit")),
  "/monitors": later(() => import("../monitors/monitors")),
  "/workflows": later(() => import("../workflows/workflows")),
  "/runs": moved("/workflows"),
  "/users": later(() => import("../users/users")),
};
const SignIn = later(() => import("./signin"));
const TokenPrompt = later(() => import("./token"));
/** Pages whose address ends in the name of what they show. */
const NAMED: Readonly<Record<string, ComponentType>> = {
  "/dashboards/": later(() => import("../dashboards/dashboard")),
  "/leaks/": later(() => import("../leaks/leak")),
  "/monitors/": later(() => import("../monitors/monitors")),
  "/runs/": later(() => import("../workflows/run")),
};

const pageOf = (path: string): ComponentType => PAGES[path] ?? NAMED[path.replace(/[^/]+$/, "")] ?? Missing;

export function App() {
  const Page = pageOf(path.value);
  const ways = signInWays.value;
  return (
    <>
      <a class="skip" href="#main">Skip to content</a>
      <Header />
      <Banners />
      <main id="main" tabIndex={0} aria-label="Page">
        {ways ? <SignIn ways={ways} /> : <Page key={path.value} />}
      </main>
      <Overlays />
      {tokenPrompted.value && <TokenPrompt />}
    </>
  );
}
