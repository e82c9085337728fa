import { createHttp } from '../../static/client/index.js'
import { register } from '../support/application.js'
import { inBrowser, row, send, serve, signUp, texts, until, visit } from '../support/browser.js'
import { nginxMissing, PASSES_ALL, startNginx } from '../support/nginx.js'

/** As of a proxy that was not set up for WebSockets. */
const DROPS_UPGRADE = 'proxy_set_header Host $http_host;'
const ENGLISH = 'A proxy between you and the server blocks WebSockets.'
const KOREAN = '중간의 프록시가 웹소켓'

inBrowser('proxies', async (t, browser) => {
  const skip = nginxMissing
  await t.test('a proxy that drops Upgrade is named, and messages go over HTTP until it passes', { skip }, async t => {
    const { fastify, port } = await serve(t)
    const proxy = await startNginx(t, port, DROPS_UPGRADE)
    const sora = await register(fastify, 'sora')
    const http = createHttp({ base_url: `http://127.0.0.1:${port}`, token: () => sora.token })
    const page = await visit(t, browser, proxy.url)
    await signUp(page, 'minji')
    const banner = page.getByText(ENGLISH, { exact: false })
    await banner.waitFor()
    await send(page, 'my words')
    const theirs = await http.send('default', { text: 'their words' })
    await row(page, 'their words').waitFor()
    await http.edit('default', theirs.id, { text: 'their other words' })
    await row(page, 'their other words').waitFor()
    t.strictSame(await texts(page, 'their other words'), ['my words', 'their other words'])
    t.ok(await banner.isVisible(), 'it stays while further attempts fail')

    const korean = await visit(t, browser, proxy.url, { locale: 'ko' })
    await korean.getByLabel('아이디').fill('seojun')
    await korean.getByLabel('비밀번호', { exact: true }).fill('correct horse battery')
    await korean.getByRole('button', { name: '회원가입', exact: true }).click()
    await korean.getByText(KOREAN, { exact: false }).waitFor()

    proxy.change(PASSES_ALL)
    await page.getByRole('button', { name: 'Reconnect' }).click()
    await banner.waitFor({ state: 'detached' })
    await send(page, 'live again')
    t.strictSame(await texts(page, 'live again'), ['my words', 'their other words', 'live again'])
  })

  await t.test(
    'a proxy whose addresses the server refuses is named after a reload, and the page goes on when it is mended',
    {
      skip,
    },
    async t => {
      const { port } = await serve(t)
      const proxy = await startNginx(t, port, PASSES_ALL)
      const page = await visit(t, browser, proxy.url)
      await signUp(page, 'minji')
      await send(page, 'my words')
      // As of a browser that does not send Sec-Fetch-Site, behind a proxy that changes Host.
      proxy.change(`${PASSES_ALL.replace('$http_host', 'upstream')} proxy_set_header Sec-Fetch-Site "";`)
      const refusal = page.getByText('The server doesn’t recognize this page’s address.', { exact: false })
      await until(page, async () => {
        await page.reload()
        return refusal.waitFor({ timeout: 2000 }).then(
          () => true,
          () => false,
        )
      })
      t.match(await refusal.textContent(), /pass Host and X-Forwarded-Proto/)
      proxy.change(PASSES_ALL)
      await row(page, 'my words').waitFor()
    },
  )
})
