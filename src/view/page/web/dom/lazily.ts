/** What is not near the window is not drawn, so that thousands of mappings load and scroll as one. */

interface Drawing {
  draw(): void
  clear(): void
}

const drawings = new WeakMap<Element, Drawing>()

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const drawing = drawings.get(target)
      if (isIntersecting) drawing?.draw()
      else if (!target.contains(document.activeElement)) drawing?.clear()
    }
  },
  { rootMargin: '400px 0px' },
)

/** Draws into an element of a fixed height while it is near the window. */
export function lazily(target: Element, drawing: Drawing): void {
  drawings.set(target, drawing)
  observer.observe(target)
}
