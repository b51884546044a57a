package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
	"k8s.io/dynamic-resource-allocation/structured/internal"
)

const (
	defaultTimeout = 5 * time.Second
	// fixedShareID stands for the random share ids of upstream.
	fixedShareID = types.UID("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa")
	// Caching does not change answers; the scheduler's own cache is smaller.
	cachedExpressions = 1000
)

type allocateRequest struct {
	Features                 []string                                                   `json:"features"`
	CELFeatures              *[]string                                                  `json:"celFeatures"`
	Implementation           *string                                                    `json:"implementation"`
	Node                     *v1.Node                                                   `json:"node"`
	Classes                  []*resourceapi.DeviceClass                                 `json:"classes"`
	Slices                   []*resourceapi.ResourceSlice                               `json:"slices"`
	Claims                   []*resourceapi.ResourceClaim                               `json:"claims"`
	AllocatedDevices         []string                                                   `json:"allocatedDevices"`
	AllocatedSharedDeviceIDs []string                                                   `json:"allocatedSharedDeviceIDs"`
	AllocatedCapacity        map[string]map[resourceapi.QualifiedName]resource.Quantity `json:"allocatedCapacity"`
	Runs                     int                                                        `json:"runs"`
	Seed                     int64                                                      `json:"seed"`
	TimeoutSeconds           float64                                                    `json:"timeoutSeconds"`
}

var celCaches = map[cel.Features]*cel.Cache{}

func celCache(features cel.Features) *cel.Cache {
	cache, ok := celCaches[features]
	if !ok {
		cache = cel.NewCache(cachedExpressions, features)
		celCaches[features] = cache
	}
	return cache
}

func allocateOp(line []byte) answer {
	var request allocateRequest
	if err := json.Unmarshal(line, &request); err != nil {
		return invalid("not an allocate request: %v", err)
	}
	timeout := defaultTimeout
	if request.TimeoutSeconds > 0 {
		timeout = time.Duration(request.TimeoutSeconds * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if request.Runs <= 1 {
		return request.run(ctx, request.Slices)
	}
	return request.runMany(ctx)
}

// runMany collects the distinct answers over shuffled slices: releases whose
// order is random also iterate over pools in the random order of Go's maps.
func (r *allocateRequest) runMany(ctx context.Context) answer {
	random := rand.New(rand.NewSource(r.Seed))
	var distinct []answer
	position := map[string]int{}
	for range r.Runs {
		shuffled := slices.Clone(r.Slices)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		reply := r.run(ctx, shuffled)
		if reply["invalid"] != nil {
			return reply
		}
		delete(reply, "stack")
		delete(reply, "steps")
		key, err := json.Marshal(reply)
		if err != nil {
			return invalid("answer cannot be encoded: %v", err)
		}
		at, seen := position[string(key)]
		if !seen {
			at = len(distinct)
			position[string(key)] = at
			reply["count"] = 0
			distinct = append(distinct, reply)
		}
		distinct[at]["count"] = distinct[at]["count"].(int) + 1
		if ctx.Err() != nil {
			break
		}
	}
	return answer{"answers": distinct}
}

func (r *allocateRequest) run(ctx context.Context, published []*resourceapi.ResourceSlice) (reply answer) {
	defer func() {
		if value := recover(); value != nil {
			reply = panicked(value)
		}
	}()
	features, err := allocatorFeatures(r.Features)
	if err != nil {
		return invalid("%v", err)
	}
	allocated, err := r.allocatedState()
	if err != nil {
		return invalid("%v", err)
	}
	inCEL := r.Features
	if r.CELFeatures != nil {
		inCEL = *r.CELFeatures
	}
	name := ""
	if r.Implementation != nil {
		name = *r.Implementation
		if !slices.Contains(implementationNames, name) {
			return invalid("this release has no implementation %q", name)
		}
	}
	// Upstream may change quantities in place, so every run has its own copies.
	copies, err := copiesOf(published)
	if err != nil {
		return invalid("%v", err)
	}
	allocator, err := newAllocator(ctx, name, features, allocated, classLister(r.Classes), copies, celCache(celFeatures(inCEL)))
	if err != nil {
		return invalid("%v", err)
	}
	results, err := allocator.Allocate(ctx, r.Node, r.Claims)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return answer{"timeout": true}
		}
		return answer{"error": err.Error(), "onNode": failsNodeOnly(err)}
	}
	fixShareIDs(results)
	reply = answer{"results": results, "steps": nil}
	reply["implementation"] = strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", allocator), "*"), ".Allocator")
	if extended, ok := allocator.(internal.AllocatorExtended); ok {
		reply["steps"] = extended.GetStats().NumAllocateOneInvocations
	}
	return reply
}

func fixShareIDs(results []resourceapi.AllocationResult) {
	for i := range results {
		devices := results[i].Devices.Results
		for j := range devices {
			if devices[j].ShareID != nil {
				share := fixedShareID
				devices[j].ShareID = &share
			}
		}
	}
}

type classLister []*resourceapi.DeviceClass

var _ structured.DeviceClassLister = classLister(nil)

func (l classLister) List() ([]*resourceapi.DeviceClass, error) {
	return l, nil
}

func (l classLister) Get(name string) (*resourceapi.DeviceClass, error) {
	for _, class := range l {
		if class.Name == name {
			return class, nil
		}
	}
	return nil, apierrors.NewNotFound(resourceapi.Resource("deviceclasses"), name)
}
