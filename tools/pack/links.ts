/** A Markdown page whose links into the repository lead nowhere, with their words alone. `isThere` knows the page's neighbours. */
export function withoutDeadLinks(page: string, isThere: (path: string) => boolean): string {
  return page.replaceAll(LINK, (link, words: string, target: string) => {
    const [path = ''] = target.split('#')
    return path === '' || /^[a-z]+:/.test(path) || isThere(path) ? link : words
  })
}

const LINK = /(?<!!)\[([^\]]*)\]\(([^)\s]+)\)/g
