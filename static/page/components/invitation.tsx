import { useEffect, useRef, useState } from 'preact/hooks'
import type { Invited } from '../../../schemas/invite.js'
import { ApiError } from '../../client/index.js'
import { describeError, type Translation } from '../i18n/index.js'
import { RoomTile } from './avatar.js'
import { useApp, useAppState, useOwnTexts, useTexts } from './hooks.js'
import { Entrance, LoginForm } from './login.js'
import { DayAndTime } from './time.js'

const en = {
  invited: 'You’re invited to this room',
  invited_by: (name: string) => `${name} invited you to this room`,
  expires: 'Expires',
  join_as: (username: string) => `Join as @${username}`,
  is_member: 'You’re already a member of this room.',
  open: 'Open room',
  not_now: 'Not now',
  sign_up_first: 'Sign up or log in to join.',
  invalid: 'This invitation isn’t valid',
  invalid_hint: 'It may have expired, been used up or been revoked. Ask for a new link.',
  go_on: 'Continue to the app',
}
const ko: Translation<typeof en> = {
  invited: '이 채팅방에 초대받았어요',
  invited_by: name => `${name}님이 초대했어요`,
  expires: '유효 기간',
  join_as: username => `@${username} 계정으로 참여`,
  is_member: '이미 참여 중인 채팅방이에요.',
  open: '채팅방 열기',
  not_now: '나중에 하기',
  sign_up_first: '가입하거나 로그인하면 참여할 수 있어요.',
  invalid: '쓸 수 없는 초대 링크예요',
  invalid_hint: '기간이 지났거나, 모두 사용했거나, 중지된 링크예요. 새 링크를 요청해 주세요.',
  go_on: '앱으로 이동',
}

/** Where the link of an invitation leads. Looking changes nothing; joining needs a click. @param code behind `#` */
export function Invitation({ code }: { code: string }) {
  const app = useApp()
  const texts = useTexts()
  const own = useOwnTexts({ en, ko })
  const logged_in = useAppState('stage', stage => stage === 'logged_in')
  const [found, setFound] = useState<Invited | ApiError | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const action = useRef<HTMLButtonElement>(null)
  const came_logged_out = useRef(!logged_in)

  async function attempt(work: () => Promise<unknown>) {
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.code === 'INVITATION_INVALID') setFound(error)
      else setError(describeError(texts, error))
      setBusy(false)
    }
  }
  async function look() {
    setFound(null)
    await attempt(async () => {
      setFound(await app.http.lookAtInvite(code))
      setBusy(false)
    })
  }
  const accept = () => attempt(() => app.acceptInvite(code))

  useEffect(() => {
    // A user who has just signed up here clicked to join; repeating the join uses nothing.
    if (came_logged_out.current && app.account?.store.state.is_new_user) accept()
    else look()
  }, [code, logged_in])
  useEffect(() => {
    if (logged_in && found) action.current?.focus()
  }, [found, logged_in])

  if (found instanceof ApiError) {
    return (
      <Entrance>
        <div class="door">
          <h1>{own.invalid}</h1>
          <p role="status">{own.invalid_hint}</p>
          <button type="button" class="primary big" ref={action} onClick={() => app.leaveInvite()}>
            {own.go_on}
          </button>
        </div>
      </Entrance>
    )
  }
  const username = app.account?.store.state.me.username ?? ''
  return (
    <Entrance>
      {found && (
        <div class="door">
          <RoomTile id={found.room_id} name={found.name} />
          <p>{found.invited_by ? own.invited_by(found.invited_by.display_name) : own.invited}</p>
          <h1 dir="auto">{found.name}</h1>
          {found.description !== '' && <p dir="auto">{found.description}</p>}
          <p class="note">
            {texts.member_count(found.member_count)}
            {found.expires_at && (
              <>
                {' · '}
                {own.expires} <DayAndTime time={found.expires_at} />
              </>
            )}
          </p>
          {found.is_member && <p>{own.is_member}</p>}
          {!logged_in && <p>{own.sign_up_first}</p>}
          {logged_in && (
            <>
              <button type="button" class="primary big" ref={action} disabled={busy} onClick={accept}>
                {found.is_member ? own.open : own.join_as(username)}
              </button>
              {!found.is_member && (
                <button type="button" class="link" onClick={() => app.leaveInvite()}>
                  {own.not_now}
                </button>
              )}
            </>
          )}
        </div>
      )}
      {found === null && !error && <p class="empty">{texts.loading}</p>}
      {error && (
        <div class="door">
          <p class="note error" role="alert">
            {error}
          </p>
          {!found && (
            <>
              <button type="button" class="primary big" onClick={look}>
                {texts.retry}
              </button>
              <button type="button" class="link" onClick={() => app.leaveInvite()}>
                {own.go_on}
              </button>
            </>
          )}
        </div>
      )}
      {!logged_in && found && <LoginForm invitation={code} />}
    </Entrance>
  )
}
