package filestest

import "github.com/otelusage/usageprocessor/internal/journal/files"

// Forgetful wraps an FS to do with a failed sync of a file what Linux does: what
// was to be synced counts as clean from then on, although it is not on the disk,
// and the next sync succeeds without doing anything ("fsyncgate"). Whoever takes
// that for a cure loses data in the next Crash.
func Forgetful(fsys files.FS) files.FS { return forgetful{fsys} }

type forgetful struct{ files.FS }

// Create creates a file that forgets.
func (f forgetful) Create(name string) (files.File, error) {
	file, err := f.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return &forgetfulFile{File: file}, nil
}

type forgetfulFile struct {
	files.File
	forgot bool
}

// Sync fails once; from then on it pretends.
func (f *forgetfulFile) Sync() error {
	if f.forgot {
		return nil
	}
	err := f.File.Sync()
	f.forgot = err != nil
	return err
}
