package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// tailBytes is enough for the Collector's last error.
const tailBytes = 2000

// logFile takes what the children print, so that the tables stay readable.
type logFile struct {
	path string
	file *os.File
}

// openLog starts anew: a tail must never show the last run's errors.
func openLog(path string) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &logFile{path: path, file: file}, nil
}

// Close is for the end, when no child writes any more.
func (l *logFile) Close() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("close log: %w", err)
	}
	return nil
}

// tail is for error messages and says itself what is wrong with it.
func (l *logFile) tail() string {
	info, err := l.file.Stat()
	if err != nil {
		return err.Error()
	}
	text := make([]byte, min(info.Size(), tailBytes))
	n, err := l.file.ReadAt(text, info.Size()-int64(len(text)))
	if err != nil && n == 0 {
		return err.Error()
	}
	return string(text[:n])
}
