// A form's JSON Schema as the designer sees it: fields of a kind, in an order, with names in two languages.
import { t } from "./dom.js";

const EVIDENCE = { type: "array", items: { type: "string", pattern: "^[0-9a-f-]{36}$" }, uniqueItems: true, maxItems: 20, "x-cl-evidence": true };
const DEPARTMENTS = { type: "array", items: { type: "string", maxLength: 40 }, uniqueItems: true, maxItems: 100, "x-cl-departments": true };
const SHAPES = {
  text: { type: "string", maxLength: 120 },
  area: { type: "string", maxLength: 2000, "x-cl-free-text": true },
  number: { type: "number" },
  whole: { type: "integer" },
  date: { type: "string", format: "date" },
  choice: { type: "string", enum: ["a", "b"] },
  yes_no: { type: "boolean" },
  evidence: EVIDENCE,
  departments: DEPARTMENTS,
};
const SHAPED = new Set(["type", "maxLength", "minLength", "format", "enum", "items", "uniqueItems", "maxItems", "minItems", "x-cl-free-text", "x-cl-evidence", "x-cl-departments", "minimum", "maximum", "pattern", "x-cl-choices", "examples", "default"]);

/** The kinds of fields, with their names. */
export const kinds = () => Object.keys(SHAPES).map((kind) => [kind, t(`field_${kind}`)]);

/** The kind of a field of a schema. */
export const kindOf = (field) => {
  if (field["x-cl-evidence"]) return "evidence";
  if (field["x-cl-departments"]) return "departments";
  if (field.enum) return "choice";
  if (field.type === "boolean") return "yes_no";
  if (field.type === "integer") return "whole";
  if (field.type === "number") return "number";
  if (field.format === "date") return "date";
  return field["x-cl-free-text"] || (field.maxLength ?? 0) > 120 ? "area" : "text";
};

/** A field of another kind; its names and marks stay. */
export const asKind = (field, kind) => ({
  ...Object.fromEntries(Object.entries(field).filter(([word]) => !SHAPED.has(word))),
  ...structuredClone(SHAPES[kind]),
});

/** The fields of a schema in the order in which they are asked. */
export const inOrder = (schema) => Object.entries(schema.properties).sort(([, a], [, b]) => (a["x-cl-order"] ?? 99) - (b["x-cl-order"] ?? 99));

/** A schema whose fields are these, numbered in their order. */
export const withFields = (schema, fields) => ({
  ...schema,
  properties: Object.fromEntries(fields.map(([name, field], place) => [name, { ...field, "x-cl-order": place + 1 }])),
  required: (schema.required ?? []).filter((name) => fields.some(([each]) => each === name)),
});

export const EMPTY = { type: "object", additionalProperties: false, properties: {}, required: [] };
