// A listening session: join, hear three takes, put them in order, and on to the next. Keys, mouse and touch alike.
import { Refused, ask } from "/ask.js";
import { drag } from "/drag.js";
import { WORDS } from "/words.js";

const HEARD_S = 5; // or the whole of a take that is shorter
const AGAIN_MS = 2000;
const SEEK_S = 5;
const LETTERS = ["A", "B", "C"];

const find = (id) => document.getElementById(id);
const list = find("takes");

let session = null;
let token = "";
let turn = null;
let takes = []; // as they are lettered; in the list they stand in the listener's order
let current = null;
let fetched = []; // the next triple's sound
let sending = false;
let language = localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en");

const words = () => WORDS[language];
const waiting = (away) => tell(away ? words().offline : "");
const server = (path, body) => ask(path, waiting, token, body);

// --- from page to page ---

async function start() {
  speak();
  session = await server("/api/session");
  const kept = `token of ${session.name}`;
  token = decodeURIComponent(location.hash.slice(1)) || localStorage.getItem(kept) || "";
  if (!token) return session.closed ? say("closed") : session.open ? show("joining") : say("invited");
  try {
    const coming = await server("/api/turn");
    localStorage.setItem(kept, token);
    history.replaceState(null, "", "/");
    go(coming);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    localStorage.removeItem(kept);
    token = "";
    say("wrongLink");
  }
}

async function join(event) {
  event.preventDefault();
  try {
    token = (await server("/api/listeners", { name: find("name").value })).token;
    localStorage.setItem(`token of ${session.name}`, token);
    go(await server("/api/turn"));
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    tell(refused.message);
  }
}

async function goOn() {
  if (sending || find("next").disabled) return;
  sending = true;
  find("next").disabled = true;
  takes.forEach((take) => take.audio.pause());
  const answer = {
    triple: turn.triple.id,
    best_first: standing().map((take) => take.id),
    seconds: (Date.now() - draft().shown) / 1000,
  };
  try {
    const coming = await server("/api/answers", answer);
    sessionStorage.removeItem(`draft of ${answer.triple}`);
    go(coming);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    go(await server("/api/turn")); // asked no more, or closed meanwhile
  } finally {
    sending = false;
  }
}

function go(coming) {
  turn = coming;
  if (turn.closed) return say("closed");
  if (!turn.triple) return say("finished");
  lay(turn.triple);
  show("ordering");
  speak();
  fetched = (turn.after?.takes ?? []).map(soundOf);
}

function show(section) {
  for (const one of ["joining", "ordering", "saying"]) find(one).hidden = one !== section;
  find("own-link").hidden = section !== "ordering";
}

function say(what) {
  find("saying").dataset.what = what;
  takes = [];
  show("saying");
  speak();
}

// --- three takes ---

function lay(triple) {
  list.replaceChildren();
  takes.forEach((take) => take.audio.pause());
  takes = triple.takes.map((id, at) => laid(id, LETTERS[at]));
  current = takes[0];
  const kept = draft();
  const order = kept.order ?? triple.takes;
  for (const take of takes) take.before = take.heard = kept.heard?.[take.id] ?? 0;
  for (const id of order) list.append(takes.find((take) => take.id === id).element);
  keep();
}

function laid(id, letter) {
  const element = find("take").content.firstElementChild.cloneNode(true);
  const audio = fetched.find((one) => one.src.endsWith(`/${id}.flac`)) ?? soundOf(id);
  const take = { id, letter, element, audio, heard: 0, before: 0 };
  element.dataset.take = id;
  part(take, "letter").textContent = letter;
  part(take, "play").addEventListener("click", () => toggle(take));
  part(take, "up").addEventListener("click", () => move(take, -1));
  part(take, "down").addEventListener("click", () => move(take, 1));
  part(take, "seek").addEventListener("input", (event) => seekTo(take, event.target.value * audio.duration));
  element.addEventListener("focusin", () => (current = take));
  element.addEventListener("pointerdown", (event) => drag(element, event, (by) => move(take, by)));
  for (const event of ["play", "pause", "ended", "loadedmetadata"]) audio.addEventListener(event, () => draw(take));
  for (const event of ["timeupdate", "pause"]) audio.addEventListener(event, () => listened(take));
  audio.addEventListener("error", () => tryAgain(take));
  return take;
}

function soundOf(id) {
  const audio = new Audio(`/sound/${id}.flac`);
  audio.preload = "auto";
  return audio;
}

function tryAgain(take) {
  if (!takes.includes(take)) return;
  tell(words().noSound(take.letter));
  setTimeout(() => {
    tell("");
    take.before = take.heard;
    if (takes.includes(take)) take.audio.load();
  }, AGAIN_MS);
}

function played({ played: ranges }) {
  let seconds = 0;
  for (let at = 0; at < ranges.length; at += 1) seconds += ranges.end(at) - ranges.start(at);
  return seconds;
}

const part = (take, name) => take.element.querySelector(`.${name}`);
const standing = () => [...list.children].map((element) => takes.find((take) => take.element === element));
const isHeard = (take) => take.heard >= HEARD_S || take.heard >= take.audio.duration - 0.3;

function toggle(take) {
  current = take;
  for (const other of takes) if (other !== take) other.audio.pause();
  if (take.audio.paused) take.audio.play().catch(() => {}); // an error of the sound is told by its own event
  else take.audio.pause();
}

function seekTo(take, seconds) {
  if (take.audio.duration) take.audio.currentTime = Math.min(Math.max(seconds, 0), take.audio.duration);
}

function listened(take) {
  if (!takes.includes(take)) return; // a last word of the triple before
  take.heard = Math.max(take.heard, take.before + played(take.audio)); // what was jumped over is not heard
  keep();
  draw(take);
  drawEnd();
}

function move(take, by) {
  const at = standing().indexOf(take);
  const to = at + by;
  if (to < 0 || to > 2) return;
  const other = list.children[to];
  list.insertBefore(other, by < 0 ? take.element.nextSibling : take.element); // the take itself keeps focus and pointer
  current = take;
  find("moved").textContent = words().moved(take.letter, to + 1);
  keep();
  drawAll();
}

// --- what a reload must not lose ---

const draft = () => JSON.parse(sessionStorage.getItem(`draft of ${turn.triple.id}`)) ?? { shown: Date.now() };

function keep() {
  const heard = Object.fromEntries(takes.map((take) => [take.id, take.heard]));
  const order = standing().map((take) => take.id);
  sessionStorage.setItem(`draft of ${turn.triple.id}`, JSON.stringify({ shown: draft().shown, order, heard }));
}

// --- what is seen ---

function speak() {
  document.documentElement.lang = language;
  document.title = session ? `${words().title} · ${session.name}` : words().title;
  find("language").textContent = words().other;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = words()[element.dataset.word];
  find("who").textContent = turn?.listener ?? "";
  const what = find("saying").dataset.what;
  if (what) find("said").textContent = words()[what];
  find("more").textContent = what === "finished" ? words().finishedMore(turn.total) : what === "closed" ? words().closedMore : "";
  if (turn?.triple) drawAll();
}

function drawAll() {
  const [dimension, listenFor] = words().dimensions[turn.triple.dimension] ?? [turn.triple.dimension, ""];
  find("question").textContent = words().question(dimension);
  find("listen-for").textContent = listenFor;
  find("count").textContent = words().count(turn.done, turn.total);
  find("bar").value = turn.done / turn.total;
  takes.forEach(draw);
  drawEnd();
}

function draw(take) {
  if (!takes.includes(take)) return;
  const { letter, audio, element } = take;
  const place = standing().indexOf(take) + 1;
  element.classList.toggle("playing", !audio.paused);
  element.setAttribute("aria-label", words().take(letter, place));
  for (const name of ["play", "seek", "up", "down"]) part(take, name).setAttribute("aria-label", words()[name](letter));
  part(take, "up").disabled = place === 1;
  part(take, "down").disabled = place === 3;
  part(take, "seek").value = audio.duration ? audio.currentTime / audio.duration : 0;
  part(take, "time").textContent = audio.duration ? `${clock(audio.currentTime)} / ${clock(audio.duration)}` : "…";
  part(take, "heard").textContent = isHeard(take) ? `✓ ${words().heard}` : "";
}

function drawEnd() {
  const missing = takes.filter((take) => !isHeard(take)).map((take) => take.letter);
  find("missing").textContent = missing.length ? words().missing(missing) : words().ready;
  find("next").disabled = sending || missing.length > 0;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function tell(trouble) {
  find("trouble").textContent = trouble;
  find("trouble").hidden = !trouble;
}

// --- what is done ---

function pressed(event) {
  if (find("ordering").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  const elsewhere = event.target.closest?.("header, #own-link");
  const number = ["1", "2", "3"].indexOf(event.key);
  const does = {
    ArrowUp: () => move(current, -1),
    ArrowDown: () => move(current, 1),
    ArrowLeft: () => seekTo(current, current.audio.currentTime - SEEK_S),
    ArrowRight: () => seekTo(current, current.audio.currentTime + SEEK_S),
    Enter: elsewhere ? null : goOn,
  }[event.key];
  if (number >= 0) toggle(takes[number]);
  else if (does) does();
  else return;
  event.preventDefault();
}

find("join").addEventListener("submit", join);
find("next").addEventListener("click", goOn);
find("language").addEventListener("click", () => {
  language = language === "en" ? "zh" : "en";
  localStorage.setItem("language", language);
  speak();
});
find("copy").addEventListener("click", async () => {
  const link = `${location.origin}/#${encodeURIComponent(token)}`;
  try {
    await navigator.clipboard.writeText(link);
    find("copy").textContent = words().copied;
  } catch {
    find("link").textContent = link; // no clipboard without TLS
  }
});
document.addEventListener("keydown", pressed);
start();
