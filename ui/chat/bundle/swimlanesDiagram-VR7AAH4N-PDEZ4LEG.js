import{a as o,b as e}from"./chunk-JZGSUJ72.js";import"./chunk-EGAN7UVT.js";import"./chunk-QP3MATMC.js";import"./chunk-NVNBR5YX.js";import"./chunk-OW7ENP5X.js";import"./chunk-BYDJYBN6.js";import"./chunk-EJF4CXLD.js";import"./chunk-5WSMMXGT.js";import"./chunk-4C4OBJSB.js";import"./chunk-K3SHYUSX.js";import"./chunk-KPY2S2DH.js";import"./chunk-HVVAQLXH.js";import"./chunk-FZK7ZM7O.js";import"./chunk-MPHG4TH5.js";import"./chunk-P7XMARKG.js";import"./chunk-CTLELM4T.js";import"./chunk-2UMDDNGV.js";import"./chunk-LJG4XDTU.js";import"./chunk-UY22K4Y4.js";import{a as r}from"./chunk-YUSHYV7C.js";import"./chunk-OOJM4CTU.js";var m=r(t=>`${o(t)}
  .swimlane.cluster rect {
    stroke: ${t.clusterBorder} !important;
  }
  [data-look="neo"].cluster rect {
    filter: none;
  }
`,"getStyles"),i=m,B=e({defaultLayout:"swimlane",styles:i});export{B as diagram};
