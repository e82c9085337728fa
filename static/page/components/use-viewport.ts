import { useLayoutEffect } from 'preact/hooks'

/**
 * Sets `--height` to the height that a phone's keyboard leaves. Some browsers shrink only the visual viewport and push
 * the page up, which would hide the room's header.
 */
export function useViewport() {
  useLayoutEffect(() => {
    const viewport = window.visualViewport
    if (!viewport) return
    const root = document.documentElement
    const fit = () => {
      // The user has zoomed in: the height must not follow.
      if (viewport.scale > 1.01) return
      root.style.setProperty('--height', `${viewport.height}px`)
      if (viewport.offsetTop > 0) scrollTo(0, 0)
    }
    viewport.addEventListener('resize', fit)
    viewport.addEventListener('scroll', fit)
    return () => {
      viewport.removeEventListener('resize', fit)
      viewport.removeEventListener('scroll', fit)
      root.style.removeProperty('--height')
    }
  }, [])
}
