import { describe, expect, it } from 'vitest'
import { compactModel } from './compact.ts'
import { modelJson } from './model-json.ts'
import { tinyModel } from './tiny-model.ts'

describe('compactModel', () => {
  const model = compactModel('toys', tinyModel)

  it('keeps metadata and fills in the signing name and the protocols', () => {
    expect(model.metadata).toEqual({
      apiVersion: '2024-01-02',
      endpointPrefix: 'toys',
      signingName: 'toys',
      protocol: 'rest-json',
      protocols: ['rest-json'],
      serviceFullName: 'Toys',
      serviceId: 'Toys',
      signatureVersion: 'v4',
      uid: 'toys-2024-01-02',
    })
  })

  it('keeps operations, their errors by name and the status of success', () => {
    expect(model.operations).toEqual({
      GetToy: {
        name: 'GetToy',
        http: { method: 'GET', requestUri: '/toys/{Name}', responseCode: 200 },
        input: { shape: 'GetToyRequest' },
        output: { shape: 'Toy', resultWrapper: 'GetToyResult' },
        errors: ['NoToy', 'Broken'],
        deprecated: true,
      },
      Ping: {
        name: 'Ping',
        http: { method: 'POST', requestUri: '/ping', responseCode: 204 },
        authtype: 'none',
        errors: [],
      },
    })
  })

  it('keeps constraints and bindings, leaves out prose, false flags and empty lists of required members', () => {
    expect(model.shapes.Name).toEqual({ type: 'string', pattern: '[a-z]+', min: 1, max: 63 })
    expect(model.shapes.GetToyRequest).toEqual({
      type: 'structure',
      required: ['Name'],
      members: {
        Name: { shape: 'Name', location: 'uri' },
        Hints: { shape: 'String', location: 'header', locationName: 'x-hints', jsonvalue: true },
        Notes: { shape: 'String', jsonvalue: true },
      },
    })
    expect(model.shapes.Toy).not.toHaveProperty('required')
    expect(model.shapes.Toy).toMatchObject({ payload: 'Body', members: { Picture: { shape: 'Bytes' } } })
    expect(model.shapes.Toy).not.toHaveProperty('members.Picture.streaming')
    expect(modelJson(model)).not.toContain('<p>')
  })

  it('states code and fault of every exception', () => {
    expect(model.shapes.NoToy).toMatchObject({ error: { code: 'NoSuchToy', httpStatusCode: 404, fault: 'client' } })
    expect(model.shapes.Broken).toEqual({ type: 'structure', members: {}, error: { code: 'Broken', fault: 'server' } })
  })

  it('keeps the order of members', () => {
    const toy = model.shapes.Toy
    expect(toy?.type === 'structure' && Object.keys(toy.members)).toEqual(Object.keys(tinyModel.shapes.Toy.members))
  })

  it('stops at a trait or a type that nobody has sorted yet', () => {
    const withShape = (shape: object) => ({ ...tinyModel, shapes: { ...tinyModel.shapes, New: shape } })
    expect(() => compactModel('toys', withShape({ type: 'string', shiny: true }))).toThrow(
      'toys.shapes.New: unknown trait shiny',
    )
    expect(() => compactModel('toys', withShape({ type: 'quaternion' }))).toThrow('unknown type quaternion')
    expect(() => compactModel('toys', { ...tinyModel, operations: { Ping: 'yes' } })).toThrow(
      'toys.operations.Ping: not an object',
    )
  })
})

describe('modelJson', () => {
  const model = compactModel('toys', tinyModel)

  it('reads back as the model, one line per operation and shape', () => {
    const text = modelJson(model)
    expect(JSON.parse(text)).toEqual(model)
    const lines = text.split('\n')
    expect(lines.filter((line) => line.startsWith('"Name":{"type":"string"'))).toHaveLength(1)
    expect(lines.length).toBe(Object.keys(model.operations).length + Object.keys(model.shapes).length + 7)
  })
})
