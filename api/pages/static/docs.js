// Renders /openapi.json. Everything is set as text, never as markup.
"use strict";

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter((child) => child !== null));
  return node;
};

let spec;

const resolve = (schema) =>
  schema && schema.$ref ? spec.components.schemas[schema.$ref.split("/").pop()] : schema || {};

// A schema in one line of words.
function words(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const alternatives = schema.anyOf || schema.oneOf;
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (alternatives && !schema.type) return alternatives.map(words).join(" or ");
  if (schema.type === "array") return `list of ${words(schema.items) || "anything"}`;
  if (schema.type === "object" && schema.additionalProperties && schema.additionalProperties !== true)
    return `map to ${words(schema.additionalProperties)}`;
  return [schema.type || "anything", schema.format].filter(Boolean).join(", ");
}

// A value that the schema describes, for the text field.
function sample(schema, depth = 0) {
  const inner = resolve(schema);
  if (inner.examples) return inner.examples[0];
  if ("default" in inner) return inner.default;
  if (inner.enum) return inner.enum[0];
  if ("const" in inner) return inner.const;
  const first = (inner.anyOf || inner.oneOf || [])[0];
  if (first && !inner.type) return sample(first, depth);
  if (inner.type === "object") {
    const needed = Object.entries(inner.properties || {}).filter(
      ([name]) => depth === 0 || (inner.required || []).includes(name));
    return Object.fromEntries(needed.map(([name, field]) => [name, sample(field, depth + 1)]));
  }
  if (inner.type === "array") return [sample(inner.items, depth + 1)];
  return { string: inner.format === "date-time" || inner.anyOf ? "2017-11-30T08:00:00Z" : "text", integer: 1, number: 1, boolean: true }[inner.type] ?? null;
}

function fields(schema, seen = new Set()) {
  const inner = resolve(schema);
  if (!inner.properties || seen.has(inner)) return null;
  seen.add(inner);
  const rows = Object.entries(inner.properties).map(([name, field]) => {
    const nested = field.$ref ? field : field.items || (field.anyOf || []).find((one) => one.$ref);
    const more = nested ? fields(nested, new Set(seen)) : null;
    return make("tr", {},
      make("td", {}, make("code", { className: (inner.required || []).includes(name) ? "required" : "" }, name)),
      make("td", {}, words(field), field.description ? make("div", { className: "muted" }, field.description) : null,
        more ? make("details", {}, make("summary", {}, "fields"), more) : null));
  });
  return make("table", {}, make("tbody", {}, ...rows));
}

function parameters(operation) {
  if (!operation.parameters.length) return null;
  const rows = operation.parameters.map((parameter) => {
    const input = make("input", { name: parameter.name });
    input.dataset.in = parameter.in;
    return make("tr", {},
      make("td", {}, make("code", { className: parameter.required ? "required" : "" }, parameter.name), ` (${parameter.in})`),
      make("td", {}, words(parameter.schema), parameter.description ? make("div", { className: "muted" }, parameter.description) : null),
      make("td", {}, input));
  });
  return make("table", {}, make("tbody", {}, ...rows));
}

function responses(operation) {
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const [type, content] = Object.entries(response.content || {})[0] || ["", {}];
    const known = status < "400" && content.schema ? fields(content.schema) : null;
    return make("tr", {}, make("td", {}, make("code", {}, status)),
      make("td", {}, response.description, type ? ` (${type}${content.schema ? ": " + words(content.schema) : ""})` : "",
        known ? make("details", {}, make("summary", {}, "fields"), known) : null));
  });
  return make("table", {}, make("tbody", {}, ...rows));
}

async function send(method, path, box, output) {
  const headers = {}, query = new URLSearchParams();
  let url = path;
  for (const input of box.querySelectorAll("input[data-in]")) {
    if (input.dataset.in === "path") url = url.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value && input.dataset.in === "query") query.append(input.name, input.value);
    else if (input.value) headers[input.name] = input.value;
  }
  const key = document.getElementById("key").value;
  if (key) headers.Authorization = `Bearer ${key}`;
  const text = box.querySelector("textarea");
  if (text && text.value) headers["Content-Type"] = "application/json";
  output.textContent = "…";
  try {
    const answer = await fetch(url + (query.size ? `?${query}` : ""), { method, headers, body: (text && text.value) || undefined });
    const body = await answer.text();
    let shown = body;
    try { shown = JSON.stringify(JSON.parse(body), null, 2); } catch { /* not JSON: shown as it came */ }
    output.textContent = `${answer.status} ${answer.statusText}\n${shown}`;
  } catch (error) {
    output.textContent = String(error);
  }
}

function operationBox(path, method, operation) {
  const box = make("div", {}, make("p", {}, operation.description || ""));
  const inputs = parameters(operation);
  if (inputs) box.append(make("h4", {}, "Parameters"), inputs);
  const body = operation.requestBody && operation.requestBody.content["application/json"].schema;
  if (body) {
    const one = (body.oneOf || [body])[0];
    box.append(make("h4", {}, "Body: " + words(body)));
    const table = fields(one);
    if (table) box.append(table);
    box.append(make("textarea", { value: JSON.stringify(sample(one), null, 2), spellcheck: false }));
    box.lastChild.setAttribute("aria-label", "Body");
  }
  box.append(make("h4", {}, "Answers"), responses(operation));
  const output = make("pre", { hidden: true });
  const button = make("button", { type: "button" }, "Try it");
  button.addEventListener("click", () => { output.hidden = false; send(method.toUpperCase(), path, box, output); });
  box.append(button, output);
  return box;
}

function operationDetails(path, method, operation) {
  const details = make("details", { className: "operation", id: operation.operationId },
    make("summary", {}, make("span", { className: `method ${method}` }, method), make("span", { className: "path" }, path),
      make("span", { className: "muted" }, operation.summary)));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(operationBox(path, method, operation));
  });
  return details;
}

async function start() {
  spec = await (await fetch("/openapi.json")).json();
  const main = document.getElementById("operations"), topics = document.getElementById("topics");
  main.replaceChildren();
  for (const tag of spec.tags) {
    topics.append(make("a", { href: `#topic-${tag.name}` }, tag.name));
    main.append(make("h2", { id: `topic-${tag.name}` }, tag.name), make("p", { className: "muted" }, tag.description));
    for (const [path, methods] of Object.entries(spec.paths))
      for (const [method, operation] of Object.entries(methods))
        if (operation.tags.includes(tag.name)) main.append(operationDetails(path, method, operation));
  }
  const wanted = document.getElementById(location.hash.slice(1));
  if (wanted) { wanted.open = true; wanted.scrollIntoView(); }
}

start().catch((error) => { document.getElementById("operations").textContent = `The document cannot be shown: ${error}`; });
