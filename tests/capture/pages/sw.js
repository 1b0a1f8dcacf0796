self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (new URL(event.request.url).pathname === "/api/status") {
    event.respondWith(fetch(event.request));
  }
});
self.addEventListener("message", async (event) => {
  const answer = await fetch("/api/status?from=worker");
  event.source.postMessage(await answer.json());
});
