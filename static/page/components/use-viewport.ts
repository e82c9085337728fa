import { useLayoutEffect } from 'preact/hooks'

/**
 * The height that a phone's keyboard leaves, as `--height`. Some browsers shrink only the visual viewport and push the
 * page up, so that the room's head would be out of sight.
 */
export function useViewport() {
  useLayoutEffect(() => {
    const viewport = window.visualViewport
    if (!viewport) return
    const root = document.documentElement
    const fit = () => {
      // Who magnifies the page wants to see a part of it.
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
