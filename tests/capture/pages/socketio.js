// socket.io 5 over engine.io 4: polling at first, then the upgrade to a WebSocket.
class Client {
  constructor({ put, drop }) {
    this.put = (row) => put({ ...row, key: String(row.id) });
    this.drop = (row) => drop(String(row.id));
    this.waiting = new Map();
    this.number = 0;
  }

  async open(token) {
    const opened = await (await fetch(this.address("polling"))).text();
    this.sid = JSON.parse(opened.slice(1)).sid;
    await this.post(`40${token ? JSON.stringify({ token }) : ""}`);
    await this.poll();
    await this.upgrade();
  }

  address(transport) {
    const sid = this.sid ? `&sid=${this.sid}` : "";
    return `/socket.io/?EIO=4&transport=${transport}${sid}`;
  }

  post(packet) {
    return fetch(this.address("polling"), { method: "POST", body: packet });
  }

  async poll() {
    const text = await (await fetch(this.address("polling"))).text();
    for (const packet of text.split("\x1e")) this.take(packet);
  }

  upgrade() {
    const polling = this.poll();
    this.socket = new WebSocket(`ws://${location.host}${this.address("websocket")}`);
    return new Promise((resolve) => {
      this.socket.onopen = () => this.socket.send("2probe");
      this.socket.onmessage = async ({ data }) => {
        if (data !== "3probe") return this.take(data);
        await polling;
        this.socket.send("5");
        this.upgraded = true;
        resolve();
      };
    });
  }

  take(packet) {
    if (packet === "2") this.upgraded ? this.socket.send("3") : this.post("3");
    const [, kind, number, rest] = /^4([023])(\d*)(.*)$/s.exec(packet) ?? [];
    if (kind === "3") this.waiting.get(number)(...JSON.parse(rest));
    if (kind === "2") this.told(...JSON.parse(rest));
  }

  told(name, row) {
    if (name === "task:deleted") this.drop(row);
    else this.put(row);
  }

  emit(name, said) {
    const number = String(this.number++);
    this.socket.send(`42${number}${JSON.stringify([name, said])}`);
    return new Promise((resolve, reject) => {
      this.waiting.set(number, (error, answer) => {
        this.waiting.delete(number);
        if (error) reject(new Error(error.message));
        else resolve(answer);
      });
    });
  }

  register = async (name, password) => (await this.emit("user:create", { name, password })).token;
  login = async (name, password) => (await this.emit("user:login", { name, password })).token;
  logout = () => this.emit("user:logout", {});
  list = async () => (await this.emit("task:list", {})).forEach(this.put);
  create = async (title) => this.put(await this.emit("task:create", { title }));
  rename = async (key, title) => this.put(await this.emit("task:update", { id: Number(key), title }));
  setDone = async (key, done) => this.put(await this.emit("task:update", { id: Number(key), done }));
  remove = async (key) => this.drop(await this.emit("task:delete", { id: Number(key) }));
}
