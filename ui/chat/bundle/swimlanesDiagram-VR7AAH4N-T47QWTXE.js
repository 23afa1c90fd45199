import{a as o,b as e}from"./chunk-RCW6CSW7.js";import"./chunk-EGAN7UVT.js";import"./chunk-QP3MATMC.js";import"./chunk-NVNBR5YX.js";import"./chunk-XHVG3PGN.js";import"./chunk-JJTUY6IY.js";import"./chunk-CIVTY6I4.js";import"./chunk-ZJBSZ3NW.js";import"./chunk-AJ3M3QXE.js";import"./chunk-FKBW4VR6.js";import"./chunk-5WNBQZ33.js";import"./chunk-HVVAQLXH.js";import"./chunk-VOUEDYAS.js";import"./chunk-T5HBVJS7.js";import"./chunk-R6CZM2N5.js";import"./chunk-D7Z6ACRI.js";import"./chunk-2UMDDNGV.js";import"./chunk-HH7RWRUZ.js";import"./chunk-UY22K4Y4.js";import{a as r}from"./chunk-YUSHYV7C.js";import"./chunk-OOJM4CTU.js";var m=r(t=>`${o(t)}
  .swimlane.cluster rect {
    stroke: ${t.clusterBorder} !important;
  }
  [data-look="neo"].cluster rect {
    filter: none;
  }
`,"getStyles"),i=m,B=e({defaultLayout:"swimlane",styles:i});export{B as diagram};
