/**
 * Packages as areas: size is shallow bytes, colour is change (growing warm, shrinking cool, so that the two stay
 * apart in every kind of colour vision). Drawn as buttons: a package opens, a class leads to its page.
 */
import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { exact, signed, writer, type Unit } from "../lib/format";

export interface Area {
  readonly key: string;
  readonly name: string;
  readonly bytes: number;
  readonly delta: number | null;
  readonly note: string;
}

interface Props {
  readonly areas: readonly Area[];
  readonly height: number;
  readonly label: string;
  /** Without it the areas are only looked at. */
  readonly onOpen?: (key: string) => void;
  readonly unit?: Unit;
}

const MOST = 240;

export interface Placed extends Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The largest areas get their rectangles; the rest together get one. */
export function placed(areas: readonly Area[], width: number, height: number): Placed[] {
  const sorted = [...areas].filter((area) => area.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const rest = sorted.slice(MOST);
  const shown = sorted.slice(0, MOST);
  if (rest.length) {
    const sum = rest.reduce((total, area) => total + area.bytes, 0);
    const delta = rest.reduce((total, area) => total + (area.delta ?? 0), 0);
    shown.push({ key: "", name: `${rest.length} smaller`, bytes: sum, delta, note: "" });
  }
  const root = hierarchy<{ children?: Area[]; bytes?: number }>({ children: shown }).sum((node) => node.bytes ?? 0);
  const laidOut = treemap<{ children?: Area[]; bytes?: number }>().size([width, height]).paddingInner(2).round(true).tile(treemapSquarify)(root);
  return laidOut.leaves().map((leaf, index) => ({
    ...(shown[index] as Area),
    left: leaf.x0,
    top: leaf.y0,
    width: leaf.x1 - leaf.x0,
    height: leaf.y1 - leaf.y0,
  }));
}

/** −4 … 4: how strongly an area changed against its size. */
export function heat(area: Area): number {
  if (!area.delta) return 0;
  const share = Math.abs(area.delta) / Math.max(1, area.bytes);
  const strength = share < 0.01 ? 1 : share < 0.1 ? 2 : share < 0.4 ? 3 : 4;
  return area.delta > 0 ? strength : -strength;
}

export function Treemap({ areas, height, label, onOpen, unit = "bytes" }: Props) {
  const write = writer(unit);
  const noun = unit === "bytes" ? " shallow" : "";
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="treemap" ref={box} style={{ height: `${height}px` }} role="group" aria-label={label}>
      {width > 0 &&
        placed(areas, width, height).map((area) => (
          <button type="button" key={area.key} data-heat={heat(area)} disabled={area.key === ""} onClick={() => onOpen?.(area.key)}
            style={{ left: `${area.left}px`, top: `${area.top}px`, width: `${area.width}px`, height: `${area.height}px` }}
            aria-label={`${area.name}: ${write(area.bytes)}${noun}${area.delta === null ? "" : `, change ${signed(area.delta, write)}`}`}
            title={`${area.name}\n${exact(area.bytes, unit === "bytes" ? "bytes" : "")}${noun}${area.delta === null ? "" : `\nchange ${signed(area.delta, exact)}`}${area.note ? `\n${area.note}` : ""}`}>
            {area.width > 54 && area.height > 22 && <span class="name">{area.name}</span>}
            {area.width > 54 && area.height > 40 && (
              <span class="value">
                {write(area.bytes)} {area.delta ? <i>{signed(area.delta, write)}</i> : null}
              </span>
            )}
          </button>
        ))}
    </div>
  );
}
