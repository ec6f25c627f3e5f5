import { describe, expect, it } from 'vitest';
import { edgesOf, edgesOfProjection, letters, opposite } from './orientation';

describe('direction letters', () => {
  it('name the axes of the patient', () => {
    expect([letters([1, 0, 0]), letters([-1, 0, 0]), letters([0, 1, 0])]).toEqual(['L', 'R', 'P']);
    expect([letters([0, -2, 0]), letters([0, 0, 3]), letters([0, 0, -1])]).toEqual(['A', 'H', 'F']);
  });

  it('put the strongest part of an oblique direction first', () => {
    expect(letters([0.3, -0.9, 0.05])).toBe('AL');
  });

  it('have opposites letter by letter', () => {
    expect(opposite('HPR')).toBe('FAL');
  });

  it('of an axial image are R on the left and A on top', () => {
    expect(edgesOf([1, 0, 0], [0, 1, 0])).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
  });

  it('of nothing are nothing', () => {
    expect(letters([0, 0, 0])).toBe('');
  });
});

describe('the letters of a projection image', () => {
  const upright = { rotation: 0, flipHorizontal: false, flipVertical: false };

  it('are those of its rows and columns', () => {
    expect(edgesOfProjection('L', 'F', upright)).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' });
  });

  it('change sides when the image is flipped', () => {
    expect(edgesOfProjection('L', 'F', { ...upright, flipHorizontal: true })).toEqual({
      left: 'L',
      right: 'R',
      top: 'H',
      bottom: 'F',
    });
  });

  it('turn with the image', () => {
    expect(edgesOfProjection('L', 'F', { ...upright, rotation: 90 })).toEqual({
      right: 'H',
      bottom: 'L',
      left: 'F',
      top: 'R',
    });
  });
});
