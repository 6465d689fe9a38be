package journal

import (
	"encoding/binary"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Sessions, and series that end, stand at the end of a commit that changes them;
// a snapshot has frames of sessions.

// sessionCopy bounds how many sessions are copied at a time: commits wait.
const sessionCopy = 1024

const (
	sessionStarted = 1 << iota
	sessionEnded
)

// appendSessions appends which series a commit ends and what becomes of sessions.
func appendSessions(dst []byte, c *usage.Commit) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.Expired)))
	for _, slot := range c.Expired {
		dst = binary.AppendUvarint(dst, uint64(slot))
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Sessions)))
	for i := range c.Sessions {
		dst = appendSession(dst, &c.Sessions[i])
	}
	return dst
}

func appendSession(dst []byte, s *usage.Session) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.Owner))
	dst = appendString(dst, s.ID)
	dst = binary.AppendVarint(dst, s.First)
	dst = binary.AppendVarint(dst, s.Last-s.First)
	dst = binary.AppendVarint(dst, s.Touched)
	flags := byte(0)
	if s.Started {
		flags |= sessionStarted
	}
	if s.Ended {
		flags |= sessionEnded
	}
	return append(dst, flags)
}

func (c *cursor) sessions(out *usage.Commit) {
	for range c.count() {
		out.Expired = append(out.Expired, c.slot())
	}
	for range c.count() {
		out.Sessions = append(out.Sessions, c.session())
	}
}

func (c *cursor) session() usage.Session {
	s := usage.Session{Owner: c.slot(), ID: c.string(), First: c.varint()}
	s.Last, s.Touched = s.First+c.varint(), c.varint()
	flags := c.byte()
	s.Started, s.Ended = flags&sessionStarted != 0, flags&sessionEnded != 0
	if flags >= sessionEnded<<1 || s.Touched < 0 || s.Touched > maxMoment {
		c.fail()
	}
	return s
}

// sessions reads a frame of sessions.
func (s *snapshotReader) sessions(payload []byte) error {
	c := newTextCursor(payload)
	list, err := all("session", c, c.session)
	s.target.RestoreSessions(list)
	return err
}

func (w *snapshotWriter) writeSessions(src Source) error {
	var part []usage.Session
	for next, more := 0, true; more; {
		part, next, more = src.Sessions(part[:0], next, sessionCopy)
		if err := writeList(w, frameSessions, part, appendSession); err != nil {
			return err
		}
	}
	return nil
}
