// DDP as Meteor speaks it, in SockJS frames: what is shown is what the server tells of its rows.
class Client {
  constructor({ put, drop }) {
    this.put = put;
    this.drop = drop;
    this.waiting = new Map();
    this.number = 0;
  }

  async open(token) {
    await (await fetch("/sockjs/info")).json();
    const server = String(Math.floor(Math.random() * 1000)).padStart(3, "0");
    const session = Math.random().toString(36).slice(2, 10);
    this.socket = new WebSocket(`ws://${location.host}/sockjs/${server}/${session}/websocket`);
    this.socket.onmessage = ({ data }) => {
      if (data[0] === "a") JSON.parse(data.slice(1)).forEach((text) => this.take(JSON.parse(text)));
    };
    await new Promise((resolve) => (this.socket.onopen = resolve));
    this.say({ msg: "connect", version: "1", support: ["1", "pre2", "pre1"] });
    await new Promise((resolve) => this.waiting.set("connected", resolve));
    if (token) await this.call("login", { resume: token });
  }

  say(message) {
    this.socket.send(JSON.stringify([JSON.stringify(message)]));
  }

  take(said) {
    if (said.msg === "ping") this.say({ msg: "pong" });
    if (said.msg === "connected") this.waiting.get("connected")();
    if (said.msg === "result") this.waiting.get(said.id).answered(said);
    if (said.msg === "updated") said.methods.forEach((id) => this.waiting.get(id).settled());
    if (said.msg === "ready") said.subs.forEach((id) => this.waiting.get(id)());
    if (said.msg === "nosub") this.waiting.get(said.id)();
    if (said.msg === "added" || said.msg === "changed") this.put({ key: said.id, ...said.fields });
    if (said.msg === "removed") this.drop(said.id);
  }

  async call(method, ...params) {
    const id = String(++this.number);
    const answered = new Promise((answered) => {
      const settled = new Promise((settled) => this.waiting.set(id, { answered, settled }));
      this.settled = settled;
    });
    const { settled } = this;
    this.say({ msg: "method", id, method, params });
    const { error, result } = await answered;
    await settled;
    if (error) throw new Error(error.reason);
    return result;
  }

  list() {
    this.subscription = `sub${++this.number}`;
    this.say({ msg: "sub", id: this.subscription, name: "tasks", params: [] });
    return new Promise((resolve) => this.waiting.set(this.subscription, resolve));
  }

  async logout() {
    this.say({ msg: "unsub", id: this.subscription });
    await new Promise((resolve) => this.waiting.set(this.subscription, resolve));
    await this.call("logout");
  }

  register = async (username, password) =>
    (await this.call("createUser", { username, password })).token;
  login = async (username, password) => (await this.call("login", { username, password })).token;
  create = (title) => this.call("tasks.insert", { title });
  rename = (key, title) => this.call("tasks.rename", key, title);
  setDone = (key, done) => this.call("tasks.setDone", key, done);
  remove = (key) => this.call("tasks.remove", key);
}
