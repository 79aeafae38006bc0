// The hub's API, as a page asks it: same address, the session's cookie, and every refusal with its code.

import { type Json } from "../gateway/closed.ts";

/** One code that stands against something, with the fields it is about. */
export interface Denial {
  code: string;
  title?: string;
  fields?: string[];
}

/** The hub refused, or could not be reached. Its sentence is for people; nothing of what was sent is in it. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly denials: Denial[];
  readonly request: string;

  constructor(status: number, said: Record<string, unknown>) {
    super(typeof said["detail"] === "string" ? said["detail"] : "");
    this.name = "Problem";
    this.status = status;
    this.code = typeof said["code"] === "string" ? said["code"] : "hub.unreachable";
    this.denials = Array.isArray(said["denials"]) ? (said["denials"] as Denial[]) : [];
    this.request = typeof said["request"] === "string" ? said["request"] : "";
  }

  /** Whether asking again later may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** How something is asked. */
export interface Asked {
  json?: unknown;
  /** Bytes of a type that is not JSON. */
  body?: BodyInit;
  type?: string;
  /** The version of what is changed: it counts only while nobody else changed it. */
  version?: number;
}

/** Asks, and answers the response; throws a [`Problem`] for anything but success. */
export async function ask(method: string, path: string, asked: Asked = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  const body = asked.json === undefined ? asked.body : JSON.stringify(asked.json);
  if (body !== undefined) headers["content-type"] = asked.type ?? "application/json";
  if (asked.version !== undefined) headers["if-match"] = `"${asked.version}"`;
  let response: Response;
  try {
    response = await fetch(path, { method, headers, ...(body === undefined ? {} : { body }), cache: "no-store", redirect: "error" });
  } catch {
    throw new Problem(0, {});
  }
  if (response.ok) return response;
  let said: unknown;
  try {
    said = await response.json();
  } catch {
    said = {};
  }
  throw new Problem(response.status, said as Record<string, unknown>);
}

/** Asks for JSON. */
export const get = async <T>(path: string): Promise<T> => (await (await ask("GET", path)).json()) as T;

/** Sends JSON, and answers what comes back; nothing when nothing does. */
export async function send<T = undefined>(method: string, path: string, json: unknown, version?: number): Promise<T> {
  const response = await ask(method, path, { json, ...(version === undefined ? {} : { version }) });
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** How many pages of a list are read at most. */
const MOST_PAGES = 500;

/** Every row of a list, page after page. */
export async function all<T = Json>(path: string): Promise<T[]> {
  const rows: T[] = [];
  let after = "";
  for (let page = 0; page < MOST_PAGES; page++) {
    const { items, next } = await get<{ items: T[]; next?: string }>(path + after);
    rows.push(...items);
    if (next === undefined) return rows;
    after = `${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(next)}`;
  }
  throw new Problem(0, { detail: "", code: "hub.endless" });
}
