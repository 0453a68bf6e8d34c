import { expect, test } from 'vitest'
import { withoutDeadLinks } from './links.ts'

test.each([
  ['see [the page](docs/a.md#part).', 'see [the page](docs/a.md#part).'],
  ['see [architecture/](architecture/00.md), [b](docs/b.md)', 'see architecture/, b'],
  [
    '[here](#part), [there](https://example.com/x) and [a](docs/a.md)',
    '[here](#part), [there](https://example.com/x) and [a](docs/a.md)',
  ],
])('of %j stays %j', (page, expected) => {
  expect(withoutDeadLinks(page, (path) => path === 'docs/a.md')).toBe(expected)
})
