/** What is asked of every peer in turn. */
export interface Load {
  title: string
  rooms: number
  /** In each room; every one of them sends in its turn. */
  sockets: number
  /** Messages a second in each room; 0: the sockets only stand there, and are weighed. */
  rate: number
}

export const loads: Record<string, Load> = {
  '200x4000': { title: '200 sockets in a room, 4,000 messages/s', rooms: 1, sockets: 200, rate: 4000 },
  '1000x500': { title: '1,000 sockets in a room, 500 messages/s', rooms: 1, sockets: 1000, rate: 500 },
  '200x50': { title: '200 sockets in a room, 50 messages/s', rooms: 1, sockets: 200, rate: 50 },
  '100rooms': { title: '100 rooms of 10 sockets, 10 messages/s in each', rooms: 100, sockets: 10, rate: 10 },
  idle: { title: '5,000 idle sockets, 50 in each of 100 rooms', rooms: 100, sockets: 50, rate: 0 },
}
