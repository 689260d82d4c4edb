// A client that uses the generated types as people do. It need not run, but it must compile, except where it expects an error.
import type { components, paths } from "./api";

type Check = paths["/accounts/{account_id}/checks"]["post"];
type Entry = components["schemas"]["Entry"];
type CheckResponse = Check["responses"][200]["content"]["application/json"];

const request: Check["requestBody"]["content"]["application/json"] = { numbers: ["+14155550100"] };

export function mayCall(response: CheckResponse): string[] {
  return response.results.filter((one) => one.callable).map((one) => one.number ?? one.input);
}

export function isListed(entry: Entry): boolean {
  // @ts-expect-error: this is not a status of an entry
  const wrong: Entry["status"] = "lost";
  return entry.status === "listed" && request.numbers.length > 0 && wrong !== entry.status;
}
