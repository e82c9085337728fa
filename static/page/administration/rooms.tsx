import type { AdminRoom } from '../../../schemas/administration.js'
import { RoomTile } from '../components/avatar.js'
import { useAccount, useAccountState, useOwnTexts, useTexts } from '../components/hooks.js'
import { Icon } from '../components/icon.js'
import { Menu, MenuItem } from '../components/menu.js'
import { useAdmin, useSearch } from './hooks.js'
import { Searched } from './searched.js'
import { adminTexts } from './texts.js'

export function Rooms() {
  const { http, attempt } = useAdmin()
  const own = useOwnTexts(adminTexts)
  const search = useSearch<AdminRoom>(async query => {
    const page = await attempt(http.rooms(query))
    return page && { rows: page.rooms, ...(page.next !== undefined && { next: page.next }) }
  })
  /** @param change null if the room is gone */
  const changed = ({ id }: AdminRoom, change: Partial<AdminRoom> | null) =>
    search.setRows(
      rows => rows?.flatMap(row => (row.id !== id ? [row] : change === null ? [] : [{ ...row, ...change }])) ?? null,
    )
  return (
    <Searched
      label={own.find_room}
      search={search}
      draw={room => <Row key={room.id} room={room} changed={change => changed(room, change)} />}
    />
  )
}

interface RowProps {
  room: AdminRoom
  changed: (change: Partial<AdminRoom> | null) => void
}

function Row({ room, changed }: RowProps) {
  const { http, attempt } = useAdmin()
  const account = useAccount()
  const texts = useTexts()
  const own = useOwnTexts(adminTexts)
  const me = useAccountState('me', me => me.username)
  const { id, name, owner, owner_state } = room
  const about = [
    texts[room.is_public ? 'public_room' : 'private_room'],
    texts.member_count(room.member_count),
    room.is_default
      ? own.default_room
      : owner === me
        ? own.own_room
        : own.owner(owner_state === 'deleted' ? texts.deleted_account : owner),
  ]
  async function takeOver() {
    const done = await attempt(http.takeOver(id).then(() => true))
    if (!done) return
    changed({ owner: me, owner_state: 'present' })
    await account.loadRooms()
  }
  async function remove() {
    const done = await attempt(http.deleteRoom(id).then(() => true))
    if (done) changed(null)
  }
  return (
    <li>
      <RoomTile id={id} name={name} />
      <span class="admin-row">
        <span class="admin-name">
          <bdi class="person">{name}</bdi>
          {room.has_password && <Icon name="lock" small />}
          {owner_state === 'blocked' && <span class="tag bad">{own.owner_blocked}</span>}
          {owner_state === 'deleted' && <span class="tag bad">{own.owner_gone}</span>}
        </span>
        <span class="note">{about.join(' · ')}</span>
      </span>
      {!room.is_default && (
        <Menu label={own.actions(name)}>
          {owner_state !== 'present' && (
            <MenuItem
              icon="key"
              label={`${own.take_over}…`}
              onClick={() =>
                account.showDialog({
                  ...{ name: 'confirm', question: own.take_over_confirm(name), action: own.take_over, run: takeOver },
                })
              }
            />
          )}
          <MenuItem
            icon="delete"
            danger
            label={`${own.delete_room}…`}
            onClick={() =>
              account.showDialog({
                ...{
                  name: 'confirm',
                  question: own.delete_room_confirm(name),
                  action: own.delete_room,
                  run: remove,
                },
              })
            }
          />
        </Menu>
      )}
    </li>
  )
}
