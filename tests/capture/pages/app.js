// What one user does; the page does it when its address says ?user=NAME.
let token = "";

async function call(method, path, body) {
  const headers = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

function byXhr(method, path) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.onload = () => resolve(JSON.parse(request.responseText));
    request.send();
  });
}

function listen() {
  const source = new EventSource("/api/events");
  const seen = [];
  const ready = new Promise((resolve) => (source.onopen = resolve));
  const created = new Promise((resolve) => {
    source.onmessage = (event) => {
      seen.push(JSON.parse(event.data));
      if (seen.length === 2) resolve();
    };
  });
  return { source, ready, created };
}

async function worker() {
  await navigator.serviceWorker.register("/sw.js");
  const registration = await navigator.serviceWorker.ready;
  const answered = new Promise((resolve) =>
    navigator.serviceWorker.addEventListener("message", resolve, { once: true })
  );
  registration.active.postMessage("go");
  await answered;
}

function talk() {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/socket`);
    let number = 0;
    socket.onopen = () => socket.send(JSON.stringify({ id: ++number, do: "greet" }));
    socket.onmessage = () => {
      if (number === 2) socket.close();
      else socket.send(JSON.stringify({ id: ++number, do: "greet" }));
    };
    socket.onclose = resolve;
  });
}

async function journey(user) {
  const credentials = { email: `${user}@notes.test`, password: `secret-${user}-81` };
  token = (await call("POST", "/api/users", credentials)).token;
  await call("POST", "/api/users", credentials);
  const events = listen();
  await events.ready;
  const first = await call("POST", "/api/notes", { title: `${user} one` });
  await events.created;
  events.source.close();
  const second = await call("POST", "/api/notes", { title: `${user} two` });
  await call("POST", "/api/notes", { title: "" });
  await call("GET", "/api/notes");
  await byXhr("GET", `/api/notes/${first.id}`);
  await call("PATCH", `/api/notes/${first.id}`, { stars: 3 });
  await call("GET", `/api/notes/${first.id}`);
  await call("DELETE", `/api/notes/${second.id}`);
  await call("GET", `/api/notes/${second.id}`);
  const form = new FormData();
  form.append("title", "A picture");
  form.append("file", new Blob(["pretend this is a picture"]), "picture.bin");
  await (await fetch("/api/files", { method: "POST", body: form })).json();
  await call("GET", "/api/old");
  await call("GET", "/api/packed/gzip");
  if (isSecureContext) await worker();
  await talk();
  await call("POST", "/api/login", { ...credentials, password: "wrong-guess-1" });
  token = (await call("POST", "/api/login", credentials)).token;
  await call("GET", "/api/notes");
}

window.addEventListener("load", async () => {
  const asked = new URLSearchParams(location.search);
  if (!asked.has("user")) return;
  try {
    await journey(asked.get("user"));
    document.title = "done";
  } catch (error) {
    document.title = `failed: ${error}`;
  }
});
