// Node's http over a raw stream would be too easy: this is fetch, as in a browser.
const position = process.env.LAST_EVENT_ID;
const headers = position ? { "Last-Event-ID": position } : {};
const answer = await fetch(process.argv[2], { headers });
const decoder = new TextDecoder();
let rest = "";
for await (const piece of answer.body) {
  const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
  rest = lines.pop();
  for (const line of lines) if (line.startsWith("data: ")) console.log(line.slice(6));
}
