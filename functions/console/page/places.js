// Addresses. They are fragments, so that the numbers in them are never sent to a server.

import { query } from "./api.js";

const ALIASES = { week: "reports", recent: "activity" };

/** Read the address: `#/numbers/+1415…`, `#/numbers?status=removed`, `#/check`. */
export function place() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, rest] = path.split("/");
  const fields = Object.fromEntries(new URLSearchParams(search));
  if (name === "numbers" && rest) return { name: "number", fields: { number: decoded(rest) } };
  return { name: ALIASES[name] ?? name, fields };
}

function decoded(written) {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

export const address = (path, fields = {}) => `#/${path}${query(fields) ? `?${query(fields)}` : ""}`;

/** The last address of the list, with its search and filters. */
export const lastList = { address: "#/numbers" };

/** A file passed from one view to another: dropped on Check, or created from a long paste. */
export const carried = { file: null };
