package storage_test

import (
	"testing"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
)

func TestInMemory(t *testing.T) {
	filestest.Run(t, func(*testing.T) filestest.Place { return storagetest.InMemory() })
}

func TestInFileStorage(t *testing.T) {
	filestest.Run(t, func(t *testing.T) filestest.Place { return storagetest.InFileStorage(t, true) })
}
