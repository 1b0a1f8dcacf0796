// Runs in every page before its own scripts; tells the harness what network events do not show:
// the bodies of uploads, what streams bring, the protocols of WebSockets, and answers, because a
// page that is left takes those with it that were not read in time.
(() => {
  const tell = window.__understudy_tell;
  if (!tell || window.__understudy_watched) return;
  Object.defineProperty(window, "__understudy_watched", { value: true });

  const LARGEST = 1 << 20;
  const MOMENT_MS = 100;
  const TEXT = /json|xml|^text\/(?!css|javascript|event-stream)/i;

  const absolute = (address) => new URL(address, document.baseURI).href.split("#")[0];
  const report = (fact) => tell(fact).catch(() => undefined);
  let last = 0;
  const fresh = () => `${performance.timeOrigin}-${Math.random()}-${++last}`;

  function isHidden(body) {
    return (
      body instanceof FormData ||
      body instanceof Blob ||
      body instanceof ArrayBuffer ||
      ArrayBuffer.isView(body)
    );
  }

  function base64(bytes) {
    let text = "";
    for (let start = 0; start < bytes.length; start += 32768) {
      text += String.fromCharCode(...bytes.subarray(start, start + 32768));
    }
    return btoa(text);
  }

  async function reportBody(method, url, body) {
    const packed = new Response(body);
    const type = packed.headers.get("content-type") || "";
    const bytes = new Uint8Array(await packed.arrayBuffer());
    await report({ kind: "body", method, url, type, parts: [base64(bytes)] });
  }

  async function reportStream(method, url, answer) {
    const id = fresh();
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    report({ kind: "stream", id, method, url });
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      report({ kind: "chunk", id, text: decoder.decode(value, { stream: true }) });
    }
  }

  function reportAnswer(method, url, status, chunks) {
    report({ kind: "answer", method, url, status, parts: chunks.map(base64) });
  }

  async function reportCopy(method, url, answer) {
    const reader = answer.body && answer.body.getReader();
    const chunks = [];
    for (let size = 0; reader; ) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > LARGEST) return reader.cancel();
      chunks.push(value);
    }
    return reportAnswer(method, url, answer.status, chunks);
  }

  // A page may go away as soon as it has its answer: it gets it when the answer is told, or, of one
  // that takes its time, after a moment.
  async function follow(method, url, answer) {
    const type = (answer.headers.get("content-type") || "").split(";")[0].trim().toLowerCase();
    if (answer.body && type === "text/event-stream") {
      reportStream(method, url, answer.clone()).catch(() => undefined);
    } else if (!answer.redirected && answer.status && (!answer.body || TEXT.test(type))) {
      const told = reportCopy(method, url, answer.clone()).catch(() => undefined);
      await Promise.race([told, new Promise((go) => setTimeout(go, MOMENT_MS))]);
    }
  }

  const send = window.fetch;
  window.fetch = async function fetch(target, options) {
    const asked = target instanceof Request ? target : undefined;
    const method = ((options && options.method) || (asked && asked.method) || "GET").toUpperCase();
    const url = absolute(asked ? asked.url : target);
    if (options && isHidden(options.body)) {
      await reportBody(method, url, options.body).catch(() => undefined);
    }
    const answer = await send.apply(this, arguments);
    await follow(method, url, answer);
    return answer;
  };

  const { open, send: sendXhr } = XMLHttpRequest.prototype;
  const asked = new WeakMap();
  XMLHttpRequest.prototype.open = function (method, url) {
    asked.set(this, [String(method).toUpperCase(), absolute(url)]);
    return open.apply(this, arguments);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (isHidden(body) && asked.has(this)) {
      reportBody(...asked.get(this), body).catch(() => undefined);
    }
    // Captured, the event is ours before it is the page's.
    if (asked.has(this)) this.addEventListener("readystatechange", reportLoaded, true);
    return sendXhr.apply(this, arguments);
  };

  function reportLoaded() {
    if (this.readyState !== XMLHttpRequest.DONE || !this.status) return;
    const [method, url] = asked.get(this);
    const isText = this.responseType === "" || this.responseType === "text";
    if (!isText || this.responseURL.split("#")[0] !== url) return;
    const type = this.getResponseHeader("content-type") || "";
    const bytes = new TextEncoder().encode(this.responseText);
    if (bytes.length > LARGEST || (bytes.length && !TEXT.test(type))) return;
    reportAnswer(method, url, this.status, bytes.length ? [bytes] : []);
  }

  // A form that navigates leaves no time to wait: it is packed by hand, files read at once.
  function readNow(file) {
    const address = URL.createObjectURL(file);
    const request = new XMLHttpRequest();
    open.call(request, "GET", address, false);
    request.overrideMimeType("text/plain; charset=x-user-defined");
    sendXhr.call(request);
    URL.revokeObjectURL(address);
    return Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0) & 255);
  }

  function packForm(data, boundary) {
    const quoted = (name) => `"${name.replaceAll('"', "%22")}"`;
    const encoder = new TextEncoder();
    const parts = [];
    for (const [name, value] of data) {
      const isFile = value instanceof File;
      const file = isFile ? `; filename=${quoted(value.name)}` : "";
      const type = isFile ? `Content-Type: ${value.type || "application/octet-stream"}\r\n` : "";
      const head = `Content-Disposition: form-data; name=${quoted(name)}${file}\r\n${type}`;
      parts.push(encoder.encode(`--${boundary}\r\n${head}\r\n`));
      parts.push(isFile ? readNow(value) : encoder.encode(value), encoder.encode("\r\n"));
    }
    parts.push(encoder.encode(`--${boundary}--\r\n`));
    return parts.map(base64);
  }

  window.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.enctype !== "multipart/form-data") return;
    const boundary = `----UnderstudyBoundary${Math.random().toString(36).slice(2)}`;
    const method = form.method.toUpperCase();
    const type = `multipart/form-data; boundary=${boundary}`;
    const parts = packForm(new FormData(form, submitter), boundary);
    report({ kind: "body", method, url: absolute(form.action), type, parts });
  });

  const Source = window.EventSource;
  window.EventSource = class EventSource extends Source {
    #id = fresh();
    #types = new Set();
    constructor(url, options) {
      super(url, options);
      const stream = { kind: "stream", id: this.#id, method: "GET", url: absolute(url) };
      report({ ...stream, lasts: true });
      this.#follow("message");
    }
    #follow(type) {
      if (this.#types.has(type) || type === "open" || type === "error") return;
      this.#types.add(type);
      super.addEventListener(type, (event) => {
        const lines = event.lastEventId ? [`id: ${event.lastEventId}`] : [];
        if (type !== "message") lines.push(`event: ${type}`);
        lines.push(...String(event.data).split("\n").map((line) => `data: ${line}`));
        report({ kind: "chunk", id: this.#id, text: lines.join("\n") + "\n\n" });
      });
    }
    addEventListener(type, ...more) {
      this.#follow(type);
      return super.addEventListener(type, ...more);
    }
  };

  const Socket = window.WebSocket;
  window.WebSocket = class WebSocket extends Socket {
    constructor(url, protocols) {
      if (protocols === undefined) super(url);
      else super(url, protocols);
      if (protocols !== undefined) {
        report({ kind: "socket", url: this.url, protocols: [].concat(protocols) });
      }
    }
  };
})();
