import type { Page } from 'playwright-core'

/** Of every user of the measurement. */
export const PASSWORD = 'correct horse battery'

export const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Opens the page and logs in a user that exists. */
export async function logIn(page: Page, base_url: string, username: string) {
  await page.goto(base_url)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.locator('form button[type=submit]').click()
  await page.locator('.chat').waitFor()
}
