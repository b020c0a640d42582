import { render } from "preact";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/table.css";
import "./styles/charts.css";
import "./styles/pages.css";
import { startLive } from "./api/live";
import { startRefresh } from "./api/refresh";
import { followLinks } from "./lib/router";
import { startView } from "./lib/view";
import { App } from "./pages/shell/app";
import { listenToKeys } from "./pages/shell/keys";

startView();
followLinks(document);
listenToKeys(document);
startLive();
startRefresh();
render(<App />, document.getElementById("app") as HTMLElement);
