// The board of tasks. `Client`, of the other script, speaks to the server: it tells what to show.
const $ = (selector) => document.querySelector(selector);
const tasks = new Map();
const client = new Client({
  put: (task) => show(tasks.set(task.key, { ...tasks.get(task.key), ...task })),
  drop: (key) => show(tasks.delete(key)),
});

const shownError = () => $("#error").textContent;
const shownTasks = () =>
  [...document.querySelectorAll("#tasks li")].map((row) => [
    row.querySelector(".title").value,
    row.querySelector(".done").checked,
    row.title,
  ]);

function show() {
  $("#tasks").replaceChildren(...[...tasks.values()].map(rowOf));
}

function rowOf(task) {
  const row = document.createElement("li");
  row.dataset.key = task.key;
  row.title = task.owner;
  row.innerHTML = '<input type="checkbox" class="done"> <input class="title"> <button class="delete">✕</button>';
  const [done, title, remove] = row.children;
  done.checked = task.done;
  title.value = task.title;
  done.onclick = () => attempt(client.setDone(task.key, done.checked));
  title.onchange = () => attempt(client.rename(task.key, title.value));
  remove.onclick = () => attempt(client.remove(task.key));
  return row;
}

async function attempt(promise) {
  try {
    await promise;
    $("#error").textContent = "";
  } catch (error) {
    show();
    $("#error").textContent = error.message;
  }
}

function enter(name, token) {
  sessionStorage.setItem("name", name);
  sessionStorage.setItem("token", token);
  tasks.clear();
  $("#me").textContent = name;
  $("#who").hidden = true;
  $("main").hidden = false;
  return client.list();
}

function leave() {
  sessionStorage.clear();
  tasks.clear();
  $("main").hidden = true;
  $("#who").hidden = false;
}

async function identify(how) {
  const { name, password } = $("#who").elements;
  await enter(name.value, await how.call(client, name.value, password.value));
  $("#who").reset();
}

function taken(field) {
  const { value } = field;
  field.value = "";
  return value;
}

$("#login").onclick = () => attempt(identify(client.login));
$("#register").onclick = () => attempt(identify(client.register));
$("#logout").onclick = () => attempt(client.logout().then(leave));
$("#new").onsubmit = (event) => {
  event.preventDefault();
  attempt(client.create(taken(event.target.elements.title)));
};
$("#by-key").onsubmit = (event) => {
  event.preventDefault();
  attempt(client.remove(taken(event.target.elements.key)));
};

(async () => {
  const token = sessionStorage.getItem("token");
  await client.open(token);
  if (token) await enter(sessionStorage.getItem("name"), token);
  else leave();
})();
