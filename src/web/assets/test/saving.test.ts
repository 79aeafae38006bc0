// Names under which files are saved.
import assert from "node:assert/strict";
import test from "node:test";
import { safeName } from "../src/desk/saving.ts";

await test("a file is saved under a name that is no path and ends as the file is", () => {
  const pdf = "application/pdf";
  for (const [name, mime, safe] of [
    ["report.pdf", pdf, "report.pdf"],
    ["Report.PDF", pdf, "Report.PDF"],
    ["scan.jpeg", "image/jpeg", "scan.jpeg"],
    ["../../.bashrc", pdf, "_.._.bashrc.pdf"],
    ["C:\\run.exe", pdf, "C__run.exe.pdf"],
    ["invoice\u202Efdp.exe", pdf, "invoice_fdp.exe.pdf"],
    ["page.html", "text/html", "page.html.bin"],
    // The kind is the sender's word: it may be that of something every object has.
    ["a.pdf", "constructor", "a.pdf.bin"],
    [" ..", pdf, "_.pdf"],
  ] as const) assert.equal(safeName({ name, mime }), safe, name);
});
