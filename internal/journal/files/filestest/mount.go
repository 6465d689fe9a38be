package filestest

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// mount is a Memory that is open.
type mount struct {
	disk   *Memory
	closed bool // guarded by the disk's lock
}

// use holds the disk for an operation on a name.
func (m *mount) use(op, name string, do func() error) error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	err := fs.ErrClosed
	if !m.closed {
		err = do()
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// change changes names; they are durable after the next Sync.
func (m *mount) change(c change) error {
	m.disk.changes = append(m.disk.changes, c)
	c.apply(m.disk.names)
	return nil
}

// valid says whether a file may be given this name. Only Quarantine gives names
// in a folder.
func valid(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

func (m *mount) List() (entries []files.Entry, err error) {
	err = m.use("list", ".", func() error {
		for _, name := range slices.Sorted(maps.Keys(m.disk.names)) {
			if !strings.Contains(name, "/") {
				entries = append(entries, files.Entry{Name: name, Regular: true, Size: int64(len(m.disk.names[name].content))})
			}
		}
		return nil
	})
	return entries, err
}

func (m *mount) Open(name string) (r io.ReadCloser, err error) {
	err = m.use("open", name, func() error {
		f, ok := m.disk.names[name]
		if !ok {
			return fs.ErrNotExist
		}
		r = io.NopCloser(bytes.NewReader(f.content))
		return nil
	})
	return r, err
}

func (m *mount) Create(name string) (file files.File, err error) {
	err = m.use("create", name, func() error {
		if !valid(name) {
			return fs.ErrInvalid
		}
		if _, ok := m.disk.names[name]; ok {
			return fs.ErrExist
		}
		f := &inode{}
		file = &memoryFile{mount: m, name: name, inode: f}
		return m.change(change{give: name, inode: f})
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (m *mount) Rename(from, to string) error {
	return m.use("rename", from, func() error {
		f, ok := m.disk.names[from]
		if !ok {
			return fs.ErrNotExist
		}
		if !valid(to) {
			return fs.ErrInvalid
		}
		return m.change(change{take: from, give: to, inode: f})
	})
}

func (m *mount) Remove(name string) error {
	return m.use("remove", name, func() error {
		if _, ok := m.disk.names[name]; !ok {
			return fs.ErrNotExist
		}
		return m.change(change{take: name})
	})
}

func (m *mount) Quarantine(name string) (to string, err error) {
	err = m.use("quarantine", name, func() error {
		f, ok := m.disk.names[name]
		if !ok {
			return fs.ErrNotExist
		}
		to = m.disk.free(files.QuarantineName + "/" + name)
		return m.change(change{take: name, give: to, inode: f})
	})
	return to, err
}

func (m *mount) Sync() error {
	return m.use("sync", ".", func() error {
		m.disk.durable, m.disk.changes = maps.Clone(m.disk.names), nil
		return nil
	})
}

func (m *mount) Close() error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if !m.closed {
		m.closed, m.disk.mounted = true, false
	}
	return nil
}

// memoryFile is a file being written.
type memoryFile struct {
	mount  *mount
	name   string // when it was created
	inode  *inode
	closed bool
}

func (f *memoryFile) use(op string, do func()) error {
	return f.mount.use(op, f.name, func() error {
		if f.closed {
			return fs.ErrClosed
		}
		do()
		return nil
	})
}

func (f *memoryFile) Write(p []byte) (int, error) {
	err := f.use("write", func() { f.inode.content = append(f.inode.content, p...) })
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *memoryFile) Sync() error {
	return f.use("sync", func() { f.inode.synced = len(f.inode.content) })
}

func (f *memoryFile) Close() error {
	return f.use("close", func() { f.closed = true })
}
