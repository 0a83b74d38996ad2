// Reads a flowchart with Mermaid's own parser and prints how many nodes and edges it has.
import fs from "node:fs";
import { JSDOM } from "jsdom";

// It wants a page to be on, even to parse.
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");

const text = fs.readFileSync(process.argv[2], "utf8");
await mermaid.parse(text);
const diagram = await mermaid.mermaidAPI.getDiagramFromText(text);
const { db } = diagram;
const labels = [...db.getVertices().values()].map((vertex) => vertex.text);
console.log(JSON.stringify({ nodes: labels.length, edges: db.getEdges().length, labels }));
