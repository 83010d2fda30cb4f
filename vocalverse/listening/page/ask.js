// Asking the server until it answers: what a listener did is not lost while it is away.
const AGAIN_MS = 2000;

export class Refused extends Error {
  constructor(problem) {
    super(problem.detail);
    this.code = problem.code;
  }
}

export async function ask(path, waiting, token, body) {
  const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) };
  const options = body ? { method: "POST", body: JSON.stringify(body), headers } : { headers };
  for (;;) {
    const answer = await fetch(path, options).catch(() => null);
    if (answer && answer.status < 500) {
      waiting(false);
      const said = await answer.json();
      if (answer.ok) return said;
      throw new Refused(said);
    }
    waiting(true);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
