import { useEffect } from 'preact/hooks'
import type { AdminUser } from '../../../schemas/administration.js'
import { AvatarOf } from '../components/avatar.js'
import { useAccount, useAccountState, useAppState, useOwnTexts } from '../components/hooks.js'
import { Menu, MenuItem } from '../components/menu.js'
import { DayAndTime } from '../components/time.js'
import { useAdmin, useSearch } from './hooks.js'
import { Searched } from './searched.js'
import { adminTexts } from './texts.js'

export function Users() {
  const { http, attempt } = useAdmin()
  const own = useOwnTexts(adminTexts)
  const search = useSearch<AdminUser>(async query => {
    const page = await attempt(http.users(query))
    return page && { rows: page.users, ...(page.next !== undefined && { next: page.next }) }
  })
  /** @param change null if the account is gone */
  const changed = ({ username }: AdminUser, change: Partial<AdminUser> | null) =>
    search.setRows(
      rows =>
        rows?.flatMap(row => (row.username !== username ? [row] : change === null ? [] : [{ ...row, ...change }])) ??
        null,
    )
  return (
    <Searched
      label={own.find_user}
      search={search}
      draw={user => <Row key={user.username} user={user} changed={change => changed(user, change)} />}
    />
  )
}

interface RowProps {
  user: AdminUser
  changed: (change: Partial<AdminUser> | null) => void
}

function Row({ user, changed }: RowProps) {
  const { http, attempt } = useAdmin()
  const account = useAccount()
  const own = useOwnTexts(adminTexts)
  const language = useAppState('language')
  const me = useAccountState('me', me => me.username)
  const { username, display_name, avatar_color, is_admin, blocked } = user
  useEffect(() => account.people.cacheUsers([{ ...user, status: 'available' }]), [account, username])

  async function act(request: Promise<unknown>, change: Partial<AdminUser>) {
    if ((await attempt(request.then(() => true))) !== undefined) changed(change)
  }
  const ask = (question: string, action: string, run: () => Promise<unknown>) =>
    account.showDialog({ name: 'confirm', question, action, run })
  async function makeLink() {
    const made = await attempt(http.makeResetLink(username))
    if (made) account.showDialog({ name: 'reset_link', username, link: `${location.origin}${made.link}` })
  }
  return (
    <li>
      <AvatarOf name={display_name} color={avatar_color} />
      <span class="admin-row">
        <span class="admin-name">
          <bdi class="person">{display_name}</bdi>
          {is_admin && <span class="tag accent">{own.administrator}</span>}
          {blocked && <span class="tag bad">{own.blocked}</span>}
        </span>
        <span class="note">
          @{username} · {language === 'en' && `${own.joined} `}
          <DayAndTime time={user.created_at} />
          {language === 'ko' && ` ${own.joined}`}
        </span>
      </span>
      <Menu label={own.actions(display_name)}>
        <MenuItem
          icon="people"
          label={own.open_profile}
          onClick={() => account.showDialog({ name: 'profile', username })}
        />
        {username !== me && (
          <>
            <MenuItem
              icon="globe"
              label={own.sessions}
              onClick={() => account.showDialog({ name: 'user_sessions', username })}
            />
            <MenuItem icon="key" label={own.make_link} onClick={makeLink} />
            <hr />
            {is_admin ? (
              <MenuItem
                icon="shield"
                label={`${own.dismiss}…`}
                onClick={() =>
                  ask(own.dismiss_confirm(display_name), own.dismiss, () =>
                    act(http.dismiss(username), { is_admin: false }),
                  )
                }
              />
            ) : (
              <MenuItem
                icon="shield"
                label={`${own.appoint}…`}
                onClick={() =>
                  ask(own.appoint_confirm(display_name), own.appoint, () =>
                    act(http.appoint(username), { is_admin: true }),
                  )
                }
              />
            )}
            <hr />
            {blocked ? (
              <MenuItem
                icon="check"
                label={own.unblock}
                onClick={() => act(http.unblock(username), { blocked: false })}
              />
            ) : (
              <MenuItem
                icon="ban"
                danger
                label={`${own.block}…`}
                onClick={() =>
                  ask(own.block_confirm(display_name), own.block, () => act(http.block(username), { blocked: true }))
                }
              />
            )}
            <MenuItem
              icon="delete"
              danger
              label={`${own.delete_user}…`}
              onClick={() => account.showDialog({ name: 'delete_user', username, on_deleted: () => changed(null) })}
            />
          </>
        )}
      </Menu>
    </li>
  )
}
