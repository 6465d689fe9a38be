package usageprocessor

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	storagefiles "github.com/otelusage/usageprocessor/internal/journal/storage"
	"github.com/otelusage/usageprocessor/internal/meter"
)

// storageClient tells this component's data in an extension from that of others.
const storageClient = "usage"

// extension finds the storage extension that `persistence.storage` names.
func (c *PersistenceConfig) extension(host component.Host) (storage.Extension, error) {
	found, ok := host.GetExtensions()[*c.Storage]
	if !ok {
		return nil, fmt.Errorf("`persistence.storage` is `%s`, which is none of the extensions under `service.extensions`", c.Storage)
	}
	ext, ok := found.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("`persistence.storage` is `%s`, which is no storage extension: `file_storage` is one", c.Storage)
	}
	return ext, nil
}

// openStorage opens the state in a storage extension.
func (c *PersistenceConfig) openStorage(set meter.Settings) (files.FS, error) {
	ext, err := c.extension(set.Host)
	if err != nil {
		return nil, err
	}
	if err := c.checkSync(set.Telemetry.Logger, ext); err != nil {
		return nil, err
	}
	ctx := context.Background()
	client, err := ext.GetClient(ctx, component.KindProcessor, set.ID, storageClient)
	if err != nil {
		return nil, err
	}
	fs, err := storagefiles.Open(ctx, client)
	if err != nil {
		return nil, errors.Join(err, client.Close(ctx))
	}
	return fs, nil
}

// checkSync refuses to promise what an extension that does not sync cannot keep.
func (c *PersistenceConfig) checkSync(log *zap.Logger, ext storage.Extension) error {
	syncs, known := syncsWrites(ext)
	switch {
	case syncs || !known:
		return nil
	case c.Durability == durabilitySync:
		return fmt.Errorf("`persistence.durability` is `%s`, but `%s` does not sync what it writes: set its `fsync: true`", durabilitySync, c.Storage)
	}
	log.Warn("The storage extension does not sync what it writes: a loss of power can lose all usage that is kept; set its `fsync: true`",
		zap.Stringer("storage", c.Storage))
	return nil
}

// syncsWrites says whether a storage extension makes each write durable, if it
// can be known: there is no interface to ask, so this looks for the setting
// where file_storage has it. Anything else is unknown.
func syncsWrites(ext storage.Extension) (syncs, known bool) {
	fsync := ownField(ownField(reflect.ValueOf(ext), "cfg"), "FSync")
	if fsync.Kind() != reflect.Bool {
		return false, false
	}
	return fsync.Bool(), true
}

// ownField returns a field of the struct that v is or points to, none if it has
// no such field of its own: behind an embedded pointer may be nil.
func ownField(v reflect.Value, name string) reflect.Value {
	v = reflect.Indirect(v)
	if v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	field, ok := v.Type().FieldByName(name)
	if !ok || len(field.Index) != 1 {
		return reflect.Value{}
	}
	return v.Field(field.Index[0])
}
