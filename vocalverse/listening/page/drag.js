// A card in a list, dragged past its neighbours. They move, it stays in the page: so the pointer is never lost.
export function drag(element, event, move) {
  if (event.button || event.target.closest("button, input")) return;
  if (event.pointerType === "touch" && !event.target.closest(".grip")) return; // that is how a page is scrolled
  let from = event.clientY;

  const follow = (moved) => {
    const y = moved.clientY - from;
    const neighbour = y < 0 ? element.previousElementSibling : element.nextElementSibling;
    if (neighbour && Math.abs(y) > (neighbour.offsetHeight + element.offsetHeight) / 4) {
      const top = element.offsetTop;
      move(y < 0 ? -1 : 1);
      from += element.offsetTop - top;
    }
    element.style.transform = `translateY(${moved.clientY - from}px)`;
  };
  const drop = () => {
    element.classList.remove("dragged");
    element.style.transform = "";
    element.removeEventListener("pointermove", follow);
  };
  element.setPointerCapture(event.pointerId);
  element.classList.add("dragged");
  element.addEventListener("pointermove", follow);
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, drop, { once: true });
}
